/**
 * Rows of the four earlier systems: one a switch, with the columns, ranges, probabilities and line
 * ends that they had. Errors are per interval there, not counted up; what only
 * rises are plain's two request counters.
 */

import { bytesOf, COMMA, putBytes, putHundredths, putInt, putPadded, putWhole } from './digits.js';
import { linkStateAt, type LinkState } from './link.js';
import { at, below, inBurst, poisson, u01, walk01, walkAround } from './noise.js';
import { putUuid } from './row-ids.js';
import type { MatrixShape, SimulatorDialect } from './options.js';
import { rowHash, type RowWriter } from './row-writer.js';

const SW = bytesOf('sw');
const SW_DASH = bytesOf('sw-');
const ALL_ZERO = bytesOf(',0,0,0,0,0,0');

/** Position and bytes of the row being written; the dialects append cells to it. */
class Line {
  out: Uint8Array = new Uint8Array(0);
  pos = 0;

  /** A whole number of any size below 2^53. */
  whole(value: number): void {
    this.out[this.pos] = COMMA;
    this.pos = putWhole(this.out, this.pos + 1, Math.round(value));
  }

  /** Rounded to two decimals; at least one is written (`0.0`). */
  decimal(value: number): void {
    this.out[this.pos] = COMMA;
    this.pos = putHundredths(this.out, this.pos + 1, Math.round(value * 100));
  }

  bytes(bytes: Uint8Array): void {
    this.pos = putBytes(this.out, this.pos, bytes);
  }
}

interface SwitchDialect {
  readonly names: string;
  readonly eol: '\n' | '\r\n';
  id(line: Line, h: number, row: number): void;
  /** Writes the cells after the id, each with its comma. */
  cells(line: Line, h: number, tick: number, time: Uint8Array): void;
}

/** Where each metric of a row has its own stream of chance. */
const stream = (h: number, index: number): number => at(h, 100 + index);

function uuidId(line: Line, h: number): void {
  line.pos = putUuid(line.out, line.pos, h);
}

const page: SwitchDialect = {
  names: 'switch_id,bandwidth_usage,latency,packet_errors,collection_time',
  eol: '\r\n',
  id: uuidId,
  cells(line, h, tick, time) {
    line.decimal(10 + 990 * walk01(stream(h, 0), tick));
    const calm = 0.1 + 3.9 * walk01(stream(h, 1), tick);
    const spike = inBurst(stream(h, 2), tick, 2, 0.03);
    line.decimal(spike ? 6 + 4 * u01(at(stream(h, 3), tick)) : calm);
    const burst = inBurst(stream(h, 4), tick, 4, 0.02);
    const errors = burst ? 20 + below(at(stream(h, 5), tick), 81) : poisson(at(stream(h, 5), tick), 2);
    line.whole(errors);
    line.bytes(time);
  },
};

const down: LinkState = { downSince: -1, recovering: false, outages: 0 };

const map: SwitchDialect = {
  names: 'switch_id,bandwidth_mbps,latency_ms,packet_errors,link_status,tx_queue_depth,utilization_percent',
  eol: '\n',
  id(line, _h, row) {
    line.bytes(SW);
    line.pos = putInt(line.out, line.pos, row + 1);
  },
  cells(line, h, tick) {
    linkStateAt(h, tick, down);
    if (down.downSince >= 0) return line.bytes(ALL_ZERO);
    const load = walk01(stream(h, 0), tick);
    const spike = inBurst(stream(h, 2), tick, 1, 0.1);
    const latency = 0.5 + 1.5 * walk01(stream(h, 1), tick);
    line.whole(6000 + 4000 * load);
    line.decimal(spike ? latency * (5 + 5 * u01(at(stream(h, 3), tick))) : latency);
    const burst = inBurst(stream(h, 4), tick, 2, 0.1);
    line.whole(burst ? 1 + below(at(stream(h, 5), tick), 5) : 0);
    line.whole(1);
    // A spike of latency is a full queue; use follows bandwidth.
    const queue = spike ? 512 + 512 * u01(at(stream(h, 6), tick)) : 511 * walk01(stream(h, 6), tick);
    line.whole(queue);
    line.decimal(Math.round(10 * (10 + 85 * (0.7 * load + 0.3 * walk01(stream(h, 7), tick)))) / 10);
  },
};

const envelope: SwitchDialect = {
  names:
    'switch_id,bandwidth_gbps,latency_us,packet_errors,cpu_util_pct,mem_util_pct,' +
    'buffer_occupancy_pct,egress_drops_per_s,temperature_c',
  eol: '\r\n',
  id(line, _h, row) {
    line.bytes(SW_DASH);
    line.pos = row < 1000 ? putPadded(line.out, line.pos, row, 3) : putInt(line.out, line.pos, row);
  },
  cells(line, h, tick) {
    line.decimal(walkAround(stream(h, 0), tick, 120, 15, 0, 1000));
    const spike = inBurst(stream(h, 2), tick, 2, 0.03);
    const latency = walkAround(stream(h, 1), tick, 10, 2, 1, 1000);
    line.decimal(spike ? 50 + 100 * u01(at(stream(h, 3), tick)) : latency);
    const errors = inBurst(stream(h, 4), tick, 4, 0.01);
    line.decimal(errors ? 5 + below(at(stream(h, 5), tick), 26) : poisson(at(stream(h, 5), tick), 0.6));
    const busy = inBurst(stream(h, 6), tick, 3, 0.05);
    const cpu = busy ? 80 + 20 * u01(at(stream(h, 7), tick)) : walkAround(stream(h, 7), tick, 35, 10, 0, 100);
    line.decimal(cpu);
    line.decimal(walkAround(stream(h, 8), tick, 60, 15, 0, 100));
    // Micro-bursts fill the buffer in 8 % of all ticks; one in four of them drops hard (2 % in all).
    const full = inBurst(stream(h, 9), tick, 2, 0.08);
    const fill = full
      ? 70 + 30 * u01(at(stream(h, 10), tick))
      : walkAround(stream(h, 10), tick, 30, 15, 0, 100);
    line.decimal(fill);
    const hard = full && u01(at(stream(h, 11), tick)) < 0.25;
    line.decimal(hard ? 100 + 30 * (fill - 70) : poisson(at(stream(h, 12), tick), 1 + fill / 200));
    const warm = walkAround(stream(h, 13), tick, 45, 3, 30, 90) + 0.06 * cpu;
    line.decimal(Math.min(90, warm));
  },
};

const plain: SwitchDialect = {
  names: 'SwitchId,BandwidthConsumption,Latency,CpuUsage,FailedRequests,SuccessfulRequests',
  eol: '\r\n',
  id: uuidId,
  cells(line, h, tick) {
    line.decimal(100 * walk01(stream(h, 0), tick));
    const spike = inBurst(stream(h, 2), tick, 2, 0.01);
    const latency = 1 + 7 * walk01(stream(h, 1), tick);
    line.decimal(spike ? latency * 2 : latency);
    line.decimal(walkAround(stream(h, 3), tick, 50, 15, 0, 100));
    // Both only rise: the part that varies stays below what each tick adds for certain.
    const failed = stream(h, 4);
    line.whole(below(failed, 40) + 2 * tick + below(at(failed, tick), 2));
    const good = stream(h, 5);
    const rate = 20 + below(good, 180);
    line.whole(60 + below(good, 900) + rate * tick + below(at(good, tick), rate));
  },
};

const SWITCH_DIALECTS: Record<Exclude<SimulatorDialect, 'ufm'>, SwitchDialect> = {
  page,
  map,
  envelope,
  plain,
};

/** `,2025-07-19T12:54:44.123000+00:00`, as page's collection_time reads. */
function collectionTime(tsMs: number): Uint8Array {
  return bytesOf(`,${new Date(tsMs).toISOString().slice(0, 23)}000+00:00`);
}

export function switchColumns(dialect: Exclude<SimulatorDialect, 'ufm'>): readonly string[] {
  return SWITCH_DIALECTS[dialect].names.split(',');
}

/** The rows of page, map, envelope or plain. */
export function switchRows(dialect: Exclude<SimulatorDialect, 'ufm'>, shape: MatrixShape): RowWriter {
  const { eol, id, cells } = SWITCH_DIALECTS[dialect];
  const line = new Line();
  let now = 0;
  let time = collectionTime(0);
  return {
    names: switchColumns(dialect),
    eol,
    rowBytesMax: 256,
    begin(tick, tsMs) {
      now = tick;
      time = collectionTime(tsMs);
    },
    write(out, pos, row) {
      const h = rowHash(shape.seed, row);
      line.out = out;
      line.pos = pos;
      id(line, h, row);
      cells(line, h, now, time);
      return line.pos;
    },
  };
}
