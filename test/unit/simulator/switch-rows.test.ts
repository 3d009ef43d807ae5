import { expect, test } from 'vitest';
import { cellsOf, textOf } from './helper.js';

const HEADERS = {
  page: 'switch_id,bandwidth_usage,latency,packet_errors,collection_time\r\n',
  map: 'switch_id,bandwidth_mbps,latency_ms,packet_errors,link_status,tx_queue_depth,utilization_percent\n',
  envelope:
    'switch_id,bandwidth_gbps,latency_us,packet_errors,cpu_util_pct,mem_util_pct,buffer_occupancy_pct,' +
    'egress_drops_per_s,temperature_c\r\n',
  plain: 'SwitchId,BandwidthConsumption,Latency,CpuUsage,FailedRequests,SuccessfulRequests\r\n',
} as const;

type SwitchDialect = keyof typeof HEADERS;
const DIALECTS = Object.keys(HEADERS) as SwitchDialect[];

/** Rows of numbers (the id left out) over many ticks. */
function numbersOver(dialect: SwitchDialect, rows: number, ticks: number): number[][][] {
  return Array.from({ length: ticks }, (_, tick) =>
    cellsOf(textOf({ dialect, rows, seed: 11, tick }))
      .slice(1)
      .map((cells) => cells.slice(1).map(Number)),
  );
}

test.each(DIALECTS)('%s: header row, line ends and shape', (dialect) => {
  const text = textOf({ dialect, rows: 20, seed: 3, tick: 2 });
  const header = HEADERS[dialect];
  expect(text.startsWith(header)).toBe(true);
  const eol = header.endsWith('\r\n') ? '\r\n' : '\n';
  const lines = text.split(eol);
  expect(lines.pop()).toBe('');
  expect(lines).toHaveLength(21);
  expect(text.replaceAll(eol, '')).not.toMatch(/[\r\n]/);
  const columns = header.split(',').length;
  for (const line of lines) expect(line.split(',')).toHaveLength(columns);
});

test.each(DIALECTS)('%s: same seed and tick, same bytes; ids outlive ticks, values do not', (dialect) => {
  const ids = (seed: number, tick: number): string[] =>
    cellsOf(textOf({ dialect, rows: 300, seed, tick })).map((cells) => cells[0]!);
  expect(textOf({ dialect, rows: 9, seed: 5, tick: 4 })).toBe(textOf({ dialect, rows: 9, seed: 5, tick: 4 }));
  expect(textOf({ dialect, rows: 9, seed: 5, tick: 5 })).not.toBe(
    textOf({ dialect, rows: 9, seed: 5, tick: 4 }),
  );
  expect(ids(5, 0)).toEqual(ids(5, 900));
  expect(new Set(ids(5, 0)).size).toBe(301);
});

test('ids have the form of their system', () => {
  const first = (dialect: SwitchDialect, firstRow = 0): string =>
    cellsOf(textOf({ dialect, rows: 1, seed: 1, tick: 0, firstRow }))[1]![0]!;
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  expect(first('page')).toMatch(uuid);
  expect(first('plain')).toMatch(uuid);
  expect(first('map')).toBe('sw1');
  expect([first('envelope'), first('envelope', 1000)]).toEqual(['sw-000', 'sw-1000']);
});

test('a shard of the rows has the ids and values of the whole', () => {
  const whole = cellsOf(textOf({ dialect: 'envelope', rows: 30, seed: 2, tick: 7 }));
  const shard = cellsOf(textOf({ dialect: 'envelope', rows: 10, seed: 2, tick: 7, firstRow: 20 }));
  expect(shard.slice(1)).toEqual(whole.slice(21));
});

test('page: documented ranges, two decimals, microsecond times with an offset', () => {
  for (let tick = 0; tick < 200; tick++) {
    for (const cells of cellsOf(textOf({ dialect: 'page', rows: 6, seed: 4, tick })).slice(1)) {
      const [, bandwidth, latency, errors, time] = cells as [string, string, string, string, string];
      expect(bandwidth).toMatch(/^\d+\.\d{1,2}$/);
      expect(Number(bandwidth)).toBeGreaterThanOrEqual(10);
      expect(Number(bandwidth)).toBeLessThanOrEqual(1000);
      expect(Number(latency)).toBeGreaterThanOrEqual(0.1);
      expect(Number(latency)).toBeLessThanOrEqual(10);
      expect(errors).toMatch(/^(\d|[1-9]\d|100)$/);
      expect(time).toMatch(/^2026-01-01T\d\d:\d\d:\d\d\.\d{6}\+00:00$/);
    }
  }
});

test('map: a link that is down zeroes every metric of its switch, about 2 % of the time', () => {
  const all = numbersOver('map', 64, 300).flat();
  const down = all.filter((row) => row[3] === 0);
  const up = all.filter((row) => row[3] === 1);
  expect(down.length + up.length).toBe(all.length);
  expect(down.filter((row) => row.some((value) => value !== 0))).toEqual([]);
  expect(down.length / all.length).toBeGreaterThan(0.01);
  expect(down.length / all.length).toBeLessThan(0.04);
  const bounds = [
    [6000, 10_000],
    [0.5, 20],
    [0, 5],
    [1, 1],
    [0, 1024],
    [10, 95],
  ] as const;
  bounds.forEach(([least, most], index) => {
    const values = up.map((row) => row[index]!);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(least);
    expect(Math.max(...values)).toBeLessThanOrEqual(most);
  });
  const spikes = up.filter((row) => row[1]! > 2.5).length;
  expect(spikes / up.length).toBeGreaterThan(0.07);
  expect(spikes / up.length).toBeLessThan(0.13);
});

/** Pearson's r. */
function correlation(xs: readonly number[], ys: readonly number[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const sum = (f: (i: number) => number): number => xs.reduce((total, _, i) => total + f(i), 0);
  const cov = sum((i) => (xs[i]! - mx) * (ys[i]! - my));
  return cov / Math.sqrt(sum((i) => (xs[i]! - mx) ** 2) * sum((i) => (ys[i]! - my) ** 2));
}

test('envelope: ranges, spikes, and temperature that follows cpu as drops follow the buffer', () => {
  const all = numbersOver('envelope', 64, 300).flat();
  const column = (index: number): number[] => all.map((row) => row[index]!);
  const share = (index: number, above: number): number =>
    column(index).filter((v) => v >= above).length / all.length;
  expect(share(1, 50)).toBeGreaterThan(0.02);
  expect(share(1, 50)).toBeLessThan(0.04);
  expect(Math.max(...column(1))).toBeLessThanOrEqual(150);
  expect(Math.min(...column(1))).toBeGreaterThanOrEqual(1);
  expect(share(6, 100)).toBeGreaterThan(0.012);
  expect(share(6, 100)).toBeLessThan(0.03);
  expect(share(2, 5)).toBeGreaterThan(0.004);
  for (const index of [3, 4, 5]) {
    expect(Math.max(...column(index))).toBeLessThanOrEqual(100);
    expect(Math.min(...column(index))).toBeGreaterThanOrEqual(0);
  }
  expect(Math.max(...column(7))).toBeLessThanOrEqual(90);
  expect(Math.min(...column(7))).toBeGreaterThanOrEqual(30);
  expect(correlation(column(3), column(7))).toBeGreaterThan(0.15);
  expect(correlation(column(5), column(6))).toBeGreaterThan(0.2);
  expect(textOf({ dialect: 'envelope', rows: 64, seed: 11, tick: 0 })).toMatch(/,0\.0,/);
});

test('plain: the request counters never fall', () => {
  const ticks = numbersOver('plain', 40, 200);
  let rises = 0;
  ticks.slice(1).forEach((rows, before) => {
    rows.forEach((row, i) => {
      const last = ticks[before]![i]!;
      expect(row[3]).toBeGreaterThan(last[3]!);
      expect(row[4]).toBeGreaterThan(last[4]!);
      rises += 1;
    });
  });
  expect(rises).toBe(40 * 199);
});
