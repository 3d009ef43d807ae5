import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { ufmColumns } from '../../../src/simulator/ufm-columns.js';
import { textOf } from './helper.js';

const SHAPE = { dialect: 'ufm', rows: 640, columns: 120, seed: 21 } as const;

/** Rows as objects, by the general parser: quotes and all. */
function rowsAt(tick: number, more: object = {}): Record<string, string>[] {
  return parse(textOf({ ...SHAPE, tick, ...more }), { columns: true, relax_quotes: false });
}

const names = ufmColumns(120).map((column) => column.name);
/** Columns that count something up. */
const COUNTERS = names.filter((name) =>
  /Extended$|^hist\d|_u_(Errors|Drops|Ticks|Gb|Packets)$|^Link_Down/.test(name),
);

test('the header row begins with the identity of the port; names are unique up to 512 columns', () => {
  expect(textOf({ ...SHAPE, rows: 1, columns: 8, tick: 0 }).split('\n')[0]).toBe(
    'timestamp,source_id,tag,node_guid,port_guid,port_num,PortXmitDataExtended,PortRcvDataExtended',
  );
  const all = ufmColumns(512).map((column) => column.name);
  expect(new Set(all).size).toBe(512);
  expect(all).toContain('PortXmitWaitExtended');
  expect(all.slice(0, 195).filter((name) => name.startsWith('Vendor_'))).toEqual([]);
});

test.each([8, 31, 120, 195, 300])('%i columns: every row has as many cells', (columns) => {
  const rows: string[][] = parse(textOf({ ...SHAPE, columns, tick: 5 }));
  expect(rows).toHaveLength(641);
  expect(new Set(rows.map((row) => row.length))).toEqual(new Set([columns]));
});

test('keys: 64 ports share one GUID, every key is unique, and none changes over ticks', () => {
  const keys = (tick: number): string[] =>
    rowsAt(tick).map((row) => `${row['node_guid']}:${row['port_guid']}:${row['port_num']}`);
  const first = keys(0);
  expect(new Set(first).size).toBe(640);
  expect(first).toEqual(keys(5000));
  expect(new Set(first.slice(0, 64).map((key) => key.split(':')[0])).size).toBe(1);
  expect(new Set(rowsAt(0).map((row) => row['port_guid'])).size).toBe(10);
  expect(first[0]).toMatch(/^0x[0-9a-f]{16}:0x[0-9a-f]{16}:1$/);
  expect(keys(0)).not.toEqual(
    rowsAt(0, { seed: 22 }).map((row) => `${row['node_guid']}:${row['port_guid']}:${row['port_num']}`),
  );
});

test('timestamps are microseconds of the tick, and pass with it', () => {
  const tsMs = Date.UTC(2026, 5, 1);
  for (const row of rowsAt(3, { tsMs })) {
    expect(row['timestamp']).toMatch(/^\d{16}$/);
    const ageUs = tsMs * 1000 - Number(row['timestamp']);
    expect(ageUs).toBeGreaterThanOrEqual(0);
    expect(ageUs).toBeLessThan(200_000);
  }
});

test('counters never fall, compared as 64-bit integers over ticks, outages included', () => {
  expect(COUNTERS.length).toBeGreaterThan(40);
  const some = { rows: 192 };
  let before = rowsAt(0, some);
  let rises = 0;
  for (let tick = 1; tick <= 130; tick += tick < 12 ? 1 : 7) {
    const now = rowsAt(tick, some);
    now.forEach((row, i) => {
      for (const name of COUNTERS) {
        const [old, value] = [BigInt(before[i]![name]!), BigInt(row[name]!)];
        if (value < old) expect.fail(`${name} of row ${i} fell from ${old} to ${value} at tick ${tick}`);
        if (value > old) rises += 1;
      }
    });
    before = now;
  }
  expect(rises).toBeGreaterThan(10_000);
});

test('some counters are beyond 2^53, some beyond 2^63, none beyond 64 bits', () => {
  const values = rowsAt(9).map((row) => BigInt(row['PortXmitDataExtended']!));
  expect(values.filter((value) => value > 2n ** 53n).length).toBeGreaterThan(10);
  expect(values.filter((value) => value > 2n ** 63n).length).toBeGreaterThan(2);
  expect(values.every((value) => value < 2n ** 64n)).toBe(true);
  // Rounding to a double would leave only multiples of 2048 there.
  expect(values.filter((value) => value > 2n ** 63n).some((value) => value % 2048n !== 0n)).toBe(true);
});

test('traffic counters of active ports rise at each tick; idle ports change in nothing but time', () => {
  const rows = [rowsAt(40), rowsAt(41)];
  let still = 0;
  rows[0]!.forEach((row, i) => {
    const { timestamp: _t, ...cells } = row;
    const { timestamp: _u, ...later } = rows[1]![i]!;
    if (JSON.stringify(cells) === JSON.stringify(later)) still += 1;
    else if (row['logical_state'] === 'Active' && later['logical_state'] === 'Active') {
      for (const name of ['PortXmitDataExtended', 'PortRcvPktsExtended', 'PortXmitWaitExtended', 'hist0']) {
        expect(BigInt(later[name]!)).toBeGreaterThan(BigInt(row[name]!));
      }
    }
  });
  expect(still / 640).toBeGreaterThan(0.35);
  expect(still / 640).toBeLessThan(0.55);
  const idle = (changePct: number): number => {
    const [a, b] = [rowsAt(40, { changePct }), rowsAt(41, { changePct })];
    return a.filter((row, i) => row['PortXmitDataExtended'] === b[i]!['PortXmitDataExtended']).length;
  };
  expect(idle(0)).toBe(640);
  expect(idle(100)).toBeLessThan(120);
});

test('a port that is down says so: no measurements, calculated values -1, counters kept', () => {
  let downFound = 0;
  const states = new Set<string>();
  for (let tick = 0; tick < 60; tick += 3) {
    for (const row of rowsAt(tick, { rows: 192, columns: 40 })) {
      states.add(row['logical_state']!);
      if (row['logical_state'] !== 'Down') {
        expect(row['Module_Temperature']).toMatch(/^\d{2}C$/);
        expect(row['infiniband_CBW']).toMatch(/^\d+\.\d{2}$/);
        continue;
      }
      downFound += 1;
      expect(row['phy_state']).toBe('Polling');
      expect(row['Module_Temperature']).toBe('');
      expect(row['rx_power_lane_0']).toBe('');
      expect(row['infiniband_CBW']).toBe('-1');
      expect(row['PortXmitDataExtended']).toMatch(/^\d+$/);
    }
  }
  expect(states).toEqual(new Set(['Active', 'Init', 'Down']));
  expect(downFound).toBeGreaterThan(20 * 10);
});

test('an outage adds one to LinkDowned and stops the counters of the port', () => {
  const rows = Array.from({ length: 230 }, (_, tick) =>
    rowsAt(tick, { rows: 8, columns: 16, seed: 5, changePct: 100 }),
  );
  let outages = 0;
  for (let port = 0; port < 8; port++) {
    for (let tick = 1; tick < rows.length; tick++) {
      const [old, now] = [rows[tick - 1]![port]!, rows[tick]![port]!];
      if (now['logical_state'] !== 'Down' || now['PortXmitDataExtended'] === '0') continue;
      const step = Number(now['LinkDownedCounterExtended']) - Number(old['LinkDownedCounterExtended']);
      if (old['logical_state'] === 'Down') {
        expect(now['PortXmitDataExtended']).toBe(old['PortXmitDataExtended']);
        expect(step).toBe(0);
      } else {
        outages += 1;
        expect(step).toBe(1);
      }
    }
  }
  expect(outages).toBeGreaterThan(3);
});

test('the awkward values are there: tiny rates, quotes, commas, empty cells, N/A on demand', () => {
  const text = textOf({ ...SHAPE, tick: 1 });
  const rows = rowsAt(1);
  const seen = (name: string): string[] => rows.map((row) => row[name]!);
  expect(text).toContain(',1.5e-254,');
  expect(text).toContain('""ICD""');
  expect(seen('cable_vendor')).toContain('Amphenol "ICD"');
  expect(seen('cable_vendor')).toContain('Molex, LLC');
  expect(seen('node_description').some((cell) => /^sw-\d{4}, rack B\d+$/.test(cell))).toBe(true);
  expect(seen('tag').every((cell) => cell === '')).toBe(true);
  expect(seen('Cable_SN').some((cell) => /^MT\d{4}[A-Z]{2}\d{5}$/.test(cell))).toBe(true);
  expect(seen('rx_power_lane_0').some((cell) => /^-\d\.\d{3}$/.test(cell))).toBe(true);
  expect(text).not.toContain('N/A');
  const share = rowsAt(1, { naPct: 5 }).filter((row) => row['rx_power_lane_0'] === 'N/A').length / 640;
  expect(share).toBeGreaterThan(0.02);
  expect(share).toBeLessThan(0.08);
});

test('same seed and tick, same bytes; a shard is a part of the whole', () => {
  expect(textOf({ ...SHAPE, tick: 17 })).toBe(textOf({ ...SHAPE, tick: 17 }));
  expect(textOf({ ...SHAPE, tick: 17 })).not.toBe(textOf({ ...SHAPE, tick: 18 }));
  expect(textOf({ ...SHAPE, tick: 17 })).not.toBe(textOf({ ...SHAPE, tick: 17, seed: 20 }));
  const shard = rowsAt(4, { rows: 64, firstRow: 128 });
  const whole = rowsAt(4).slice(128, 192);
  expect(shard.map((row) => row['PortXmitDataExtended'])).toEqual(
    whole.map((row) => row['PortXmitDataExtended']),
  );
  expect(shard.map((row) => row['node_description'])).toEqual(whole.map((row) => row['node_description']));
});
