import { describe, expect, test } from 'vitest';
import { OUTCOMES } from '../../../src/model/outcome.js';
import { metricsPage } from '../../../src/stats/prometheus.js';
import type { Stats } from '../../../src/stats/stats.js';
import { VIEW, makeStats } from './stats-rig.js';

interface Family {
  readonly type: string;
  readonly samples: Map<string, number>;
}

/** Reads the text format strictly: every sample stands below the HELP and TYPE of its family. */
function parse(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let name = '';
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const help = /^# HELP (\S+) \S.*$/.exec(line);
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (help) name = help[1]!;
    else if (type) {
      expect(type[1]).toBe(name);
      expect(families.has(name)).toBe(false);
      families.set(name, { type: type[2]!, samples: new Map() });
    } else {
      const sample = /^([a-z][a-z0-9_]*)(\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*\})? (\S+)$/.exec(line);
      expect(sample, line).not.toBeNull();
      const family = families.get(name)!;
      const suffix = sample![1]!.slice(name.length);
      expect(sample![1]!.startsWith(name)).toBe(true);
      expect(family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']).toContain(suffix);
      const key = suffix + (sample![2] ?? '');
      expect(family.samples.has(key), line).toBe(false);
      family.samples.set(key, Number(sample![3]));
      expect(Number(sample![3]), line).not.toBeNaN();
    }
  }
  return families;
}

const scrape = async (stats: Stats): Promise<Map<string, Family>> =>
  parse(await metricsPage(stats, VIEW).text());

describe('GET /metrics', () => {
  test('has the families of the contract, well named', async () => {
    const { stats } = makeStats();
    const families = await scrape(stats);
    for (const name of [
      'weft_source_up',
      'weft_polls_total',
      'weft_source_received_bytes_total',
      'weft_source_expected_bytes_total',
      'weft_source_rejected_cells_total',
      'weft_source_rejected_rows_total',
      'weft_worker_restarts_total',
      'weft_source_generations_total',
      'weft_source_string_table_bytes',
      'weft_request_duration_seconds',
      'weft_loop_delay_seconds',
      'process_resident_memory_bytes',
    ]) {
      expect([...families.keys()]).toContain(name);
    }
    for (const [name, { type }] of families) {
      expect(name).toMatch(/^(weft|process)_[a-z0-9_]+$/);
      expect(type === 'counter', name).toBe(name.endsWith('_total'));
      expect(name).not.toMatch(/_(ms|us|milliseconds|mib|kb)(_|$)/);
    }
    stats.close();
  });

  test('shows every outcome of every source from the start', async () => {
    const { stats } = makeStats();
    stats.source('a').polled({ outcome: 'truncated', fetchMs: 2, wireBytes: 7, expectedBytes: 9 });
    const families = await scrape(stats);
    const polls = families.get('weft_polls_total')!.samples;
    expect(polls.size).toBe(2 * OUTCOMES.length);
    expect(polls.get('{source="a",result="truncated"}')).toBe(1);
    expect(polls.get('{source="b",result="ok"}')).toBe(0);
    expect(families.get('weft_source_received_bytes_total')!.samples.get('{source="a"}')).toBe(7);
    expect(families.get('weft_source_expected_bytes_total')!.samples.get('{source="a"}')).toBe(9);
    stats.close();
  });

  test('weft_source_up follows the last exchange', async () => {
    const { stats } = makeStats();
    const up = async (): Promise<number | undefined> =>
      (await scrape(stats)).get('weft_source_up')!.samples.get('{source="a"}');
    const end = { fetchMs: 1, wireBytes: 0, expectedBytes: null };
    expect(await up()).toBe(0);
    stats.source('a').polled({ ...end, outcome: 'not_modified' });
    expect(await up()).toBe(1);
    stats.source('a').skipped(1);
    expect(await up()).toBe(1);
    stats.source('a').polled({ ...end, outcome: 'schema' });
    expect(await up()).toBe(0);
    stats.close();
  });

  test('histograms are cumulated, end in +Inf and agree with their count and sum', async () => {
    const { stats } = makeStats();
    for (const us of [1, 3, 1000, 70_000_000]) stats.record(0, us);
    const { samples } = (await scrape(stats)).get('weft_request_duration_seconds')!;
    const buckets = [...samples].filter(([key]) => key.startsWith('_bucket{endpoint="GetMetric"'));
    const bounds = buckets.map(([key]) => Number(/le="(.*)"/.exec(key)![1]!.replace('+Inf', 'Infinity')));
    expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
    expect(bounds[0]).toBe(1e-6);
    expect(bounds.at(-1)).toBe(Infinity);
    const counts = buckets.map(([, value]) => value);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts.at(-1)).toBe(4);
    expect(samples.get('_count{endpoint="GetMetric"}')).toBe(4);
    expect(samples.get('_sum{endpoint="GetMetric"}')).toBeCloseTo(60.001004, 9);
    expect(samples.get('_count{endpoint="ListMetrics"}')).toBe(0);
    stats.close();
  });

  test('what is not known is absent, not zero', async () => {
    const { stats } = makeStats();
    const families = await scrape(stats);
    expect([...families.get('weft_source_age_seconds')!.samples]).toEqual([['{source="a"}', 0.812]]);
    expect([...families.get('weft_source_skew_seconds')!.samples]).toEqual([['{source="a"}', -0.005]]);
    expect([...families.get('weft_source_rows')!.samples]).toEqual([['{source="a"}', 64]]);
    stats.close();
  });

  test('shows values that other parts expose, read at each scrape', async () => {
    const { stats } = makeStats();
    let hits = 1;
    stats.expose({ name: 'weft_bodies_hits_total', help: 'Hits.', kind: 'counter', value: () => hits });
    const page = metricsPage(stats, VIEW);
    expect(
      parse(await page.text())
        .get('weft_bodies_hits_total')!
        .samples.get(''),
    ).toBe(1);
    hits = 5;
    expect(
      parse(await page.text())
        .get('weft_bodies_hits_total')!
        .samples.get(''),
    ).toBe(5);
    expect(page.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    stats.close();
  });

  test('lets the event loop turn between its families', async () => {
    const { stats } = makeStats();
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    await metricsPage(stats, VIEW).text();
    isDone = true;
    expect(turns).toBeGreaterThan(20);
    stats.close();
  });

  test('refuses names that break the conventions', () => {
    const { stats } = makeStats();
    const expose = (name: string, kind: 'counter' | 'gauge') => (): void =>
      stats.expose({ name, help: 'x', kind, value: () => 1 });
    expect(expose('weft_x', 'counter')).toThrow(/^BUG: /);
    expect(expose('weft_x_total', 'gauge')).toThrow(/^BUG: /);
    expect(expose('other_x', 'gauge')).toThrow(/^BUG: /);
    expose('weft_x', 'gauge')();
    expect(expose('weft_x', 'gauge')).toThrow(/^BUG: /);
    stats.close();
  });
});
