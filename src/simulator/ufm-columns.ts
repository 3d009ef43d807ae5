/**
 * The columns of a UFM-shaped port matrix, in the order they are served: a matrix of n columns has
 * the first n. Names are those of UFM Telemetry; every form of value comes within the first
 * 30, so that narrow matrices are as awkward as wide ones.
 */

/** How the cells of a column are made; ufm-rows.ts says what each looks like. */
export const CELL = {
  timestamp: 0,
  nodeGuid: 1,
  empty: 2,
  portNum: 3,
  /** 64-bit counter that rises at each tick; a = log2 of the largest rate, b = 1: may pass 2^53 and 2^63. */
  counter: 4,
  /** Error counter: zero on three ports of four, rises in bursts on the others. */
  errors: 5,
  /** Outages counted. */
  outages: 6,
  /** Bin `a` of an error histogram. */
  histogram: 7,
  /** A measured value: walks from a to b, with c decimals; empty while the link is down. */
  measured: 8,
  /** A calculated value, like `measured`, but follows the port's load; -1 while the link is down. */
  calculated: 9,
  /** Bit error rate, from 1e-04 down to 1.5e-254; a = 1: never the smallest. */
  ber: 10,
  /** One of three texts of table `a`: link up, link coming up, link down. */
  state: 11,
  /** A fixed choice from table `a`. */
  choice: 12,
  /** `37C`; follows the load. */
  temperature: 13,
  /** Description of the switch. */
  nodeText: 14,
  partnerText: 15,
  partnerGuid: 16,
  /** A fixed whole number from a to b. */
  number: 17,
  /** Serial number: letters and digits. */
  serial: 18,
  /** Whole minutes that pass; a = minutes at tick 0 at most. */
  minutes: 19,
  portLabel: 20,
} as const;

export interface UfmColumn {
  readonly name: string;
  readonly cell: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** 10^c. */
  readonly scale: number;
}

type Entry = readonly [name: string, cell: number, a?: number, b?: number, c?: number];

function numbered(prefix: string, from: number, to: number, make: (i: number) => readonly number[]): Entry[] {
  const entries: Entry[] = [];
  for (let i = from; i <= to; i++) {
    const [cell = 0, a = 0, b = 0, c = 0] = make(i);
    entries.push([`${prefix}${i}`, cell, a, b, c]);
  }
  return entries;
}

const errors = (...names: string[]): Entry[] => names.map((name) => [name, CELL.errors]);

const IDENTITY: Entry[] = [
  ['timestamp', CELL.timestamp],
  ['source_id', CELL.nodeGuid],
  ['tag', CELL.empty],
  ['node_guid', CELL.nodeGuid],
  ['port_guid', CELL.nodeGuid],
  ['port_num', CELL.portNum],
];

export const UFM_IDENTITY_COLUMNS = IDENTITY.length;

const FIRST: Entry[] = [
  ['PortXmitDataExtended', CELL.counter, 28, 1],
  ['PortRcvDataExtended', CELL.counter, 28, 1],
  ['PortXmitPktsExtended', CELL.counter, 21],
  ['PortRcvPktsExtended', CELL.counter, 21],
  ['SymbolErrorCounterExtended', CELL.errors],
  ['LinkDownedCounterExtended', CELL.outages],
  ['logical_state', CELL.state, 0],
  ['Symbol_BER', CELL.ber],
  ['Module_Temperature', CELL.temperature],
  ['node_description', CELL.nodeText],
  ['infiniband_CBW', CELL.calculated, 0, 400, 2],
  ['Normalized_CBW', CELL.calculated, 0, 100, 4],
  ['PortXmitWaitExtended', CELL.counter, 24, 1],
  ['Cable_SN', CELL.serial],
  ['cable_vendor', CELL.choice, 3],
  ['rx_power_lane_0', CELL.measured, -4, 4, 3],
  ['Effective_BER', CELL.ber],
  ['link_partner_description', CELL.partnerText],
];

const MORE: Entry[] = [
  ...errors(
    'LinkErrorRecoveryCounterExtended',
    'PortRcvErrorsExtended',
    'PortRcvRemotePhysicalErrorsExtended',
  ),
  ...errors(
    'PortRcvSwitchRelayErrorsExtended',
    'PortXmitDiscardsExtended',
    'PortXmitConstraintErrorsExtended',
  ),
  ...errors('PortRcvConstraintErrorsExtended', 'LocalLinkIntegrityErrorsExtended'),
  ...errors('ExcessiveBufferOverrunErrorsExtended', 'VL15DroppedExtended'),
  ['Normalized_XmitData', CELL.calculated, 0, 100, 4],
  ['NormalizedXW', CELL.calculated, 0, 100, 4],
  ['phy_state', CELL.state, 1],
  ['Phy_Manager_State', CELL.state, 2],
  ...numbered('hist', 0, 15, (i) => [CELL.histogram, i]),
  ['Total_Raw_BER', CELL.ber, 1],
  ...numbered('Raw_Errors_Lane_', 0, 3, (i) => [CELL.histogram, 4 + i]),
  ...errors('Effective_Errors', 'Symbol_Errors'),
  ['Time_since_last_clear_Min', CELL.minutes, 90_000],
  ['lid', CELL.number, 1, 49_151],
  ['Device_ID', CELL.number, 54_002, 54_004],
  ['port_label', CELL.portLabel],
  ['Link_speed_active', CELL.choice, 4],
  ['Link_width_active', CELL.choice, 5],
  ['Active_FEC', CELL.choice, 6],
  ['FW_Version', CELL.choice, 7],
  ['Chip_Temp', CELL.measured, 45, 78, 1],
  ['Link_Down', CELL.outages],
  ['Link_Down_IB', CELL.outages],
  ['Cable_PN', CELL.choice, 8],
  ['cable_technology', CELL.number, 0, 12],
  ['cable_type', CELL.choice, 9],
  ['cable_length', CELL.number, 1, 50],
  ['cable_identifier', CELL.choice, 10],
  ['vendor_rev', CELL.choice, 11],
  ['cable_fw_version', CELL.choice, 7],
  ...numbered('rx_power_lane_', 1, 7, () => [CELL.measured, -4, 4, 3]),
  ...numbered('tx_power_lane_', 0, 7, () => [CELL.measured, -2, 4, 3]),
  ['Module_Voltage', CELL.measured, 3.1, 3.5, 4],
  ['link_partner_node_guid', CELL.partnerGuid],
  ['link_partner_port_num', CELL.number, 1, 64],
  ['link_partner_lid', CELL.number, 1, 49_151],
  ['down_blame', CELL.number, 0, 4],
  ['local_reason_opcode', CELL.number, 0, 40],
  ['remote_reason_opcode', CELL.number, 0, 40],
  ['Advanced_Status_Opcode', CELL.state, 12],
  ['Status_Message', CELL.state, 13],
  ['time_to_link_up_ext_msec', CELL.number, 800, 9000],
  ['sw_revision', CELL.choice, 11],
  ['sw_serial_number', CELL.serial],
  ['device_num_on_tray', CELL.number, 0, 3],
  ['chassis_id', CELL.number, 1, 40],
  ['tray_index', CELL.number, 0, 17],
  ['port_type', CELL.choice, 14],
  ['sys_image_guid', CELL.nodeGuid],
  ['aport', CELL.number, 1, 72],
];

const CONVERTED: Entry[] = [
  ['Infiniband_MBOut_u_Gb', CELL.counter, 26, 1],
  ['Infiniband_MBIn_u_Gb', CELL.counter, 26, 1],
  ['Infiniband_PckOut_u_Packets', CELL.counter, 21],
  ['Infiniband_PckIn_u_Packets', CELL.counter, 21],
  ...errors('Infiniband_SymbolErrors_u_Errors', 'Infiniband_LinkRecovers_u_Errors'),
  ...errors('Infiniband_LinkDowned_u_Errors', 'Infiniband_RcvErrors_u_Errors'),
  ...errors('Infiniband_RcvRemotePhysErrors_u_Errors', 'Infiniband_RcvSwRelayErrors_u_Errors'),
  ...errors('Infiniband_XmtDiscards_u_Errors', 'Infiniband_XmtConstraintErrors_u_Errors'),
  ...errors('Infiniband_RcvConstraintErrors_u_Errors', 'Infiniband_LinkIntegrityErrors_u_Errors'),
  ...errors('Infiniband_ExcBufOverrunErrors_u_Errors', 'Infiniband_VL15Dropped_u_Drops'),
  ['Infiniband_XmitWait_u_Ticks', CELL.counter, 24],
  ['Infiniband_CBW_f_u_Gbps', CELL.calculated, 0, 400, 6],
  ['Infiniband_Normalized_CBW_f_u_Percent', CELL.calculated, 0, 100, 6],
  ['Infiniband_Normalized_MBOut_f_u_Percent', CELL.calculated, 0, 100, 6],
];

const PER_LANE: Entry[] = [
  ...numbered('PortVLXmitWait', 0, 15, (i) => (i < 8 ? [CELL.counter, 24, 1] : [CELL.errors])),
  ...numbered('PortVLXmitPkts', 0, 15, (i) => (i < 12 ? [CELL.counter, 22] : [CELL.errors])),
  ...numbered('tx_bias_lane_', 0, 7, () => [CELL.measured, 5, 9, 6]),
  ...numbered('snr_media_lane_', 0, 7, () => [CELL.measured, 18, 26, 6]),
  ...numbered('snr_host_lane_', 0, 7, () => [CELL.measured, 18, 26, 6]),
  ...numbered('Raw_Errors_Lane_', 4, 7, (i) => [CELL.histogram, 4 + i]),
  ...errors('PortLocalPhysicalErrors', 'PortMalformedPacketErrors', 'PortBufferOverrunErrors'),
  ...errors('PortDLIDMappingErrors', 'PortVLMappingErrors', 'PortLoopingErrors'),
];

const CATALOGUE: readonly Entry[] = [...IDENTITY, ...FIRST, ...MORE, ...CONVERTED, ...PER_LANE];

/** The first `count` columns; past the end of the catalogue come counters named by their position. */
export function ufmColumns(count: number): UfmColumn[] {
  const columns: UfmColumn[] = [];
  for (let i = 0; i < count; i++) {
    const extra: Entry = [`Vendor_Counter_${i}`, i % 4 === 0 ? CELL.counter : CELL.errors, 16];
    const [name, cell, a = 0, b = 0, c = 0] = CATALOGUE[i] ?? extra;
    columns.push({ name, cell, a, b, c, scale: 10 ** c });
  }
  return columns;
}
