import { describe, expect, test } from 'vitest';
import { OUTCOMES } from '../../../src/model/outcome.js';
import { snapshotDocument } from '../../../src/stats/document.js';
import { Stats } from '../../../src/stats/stats.js';
import { FakeClock } from '../../fixtures/fake-clock.js';
import { VIEW, makeStats } from './stats-rig.js';

const EMPTY = { p50: null, p90: null, p95: null, p99: null, p999: null, max: null, count: 0 };
const NO_LOSS = {
  rejectedCells: 0,
  rejectedRows: 0,
  duplicateRows: 0,
  latin1Cells: 0,
  headerRepeats: 0,
  heldRows: 0,
  counterResets: 0,
};
const poll = { fetchMs: 4, wireBytes: 100, expectedBytes: 100 };

describe('the /stats document', () => {
  test('before anything happened: nulls and zeros, every member there', () => {
    const { stats } = makeStats();
    const document = snapshotDocument(stats, VIEW);
    const polls = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0]));
    const counts = {
      polls,
      fetch_ms: EMPTY,
      parse_ms: EMPTY,
      publish_ms: EMPTY,
      rejected_cells: 0,
      rejected_rows: 0,
      counter_resets: 0,
    };
    expect(document).toEqual({
      uptime_s: 0,
      poll_last_cycle_ms: null,
      poll_retry_count: 0,
      endpoints: { GetMetric: EMPTY, ListMetrics: EMPTY },
      sources: {
        a: {
          state: 'closed',
          version: 3,
          generation: 1,
          rows: 64,
          columns: [{ name: 'cpu_util_pct', kind: 'f64' }],
          age_ms: 812,
          skew_ms: -5,
          last_error: 'cannot fetch http://h/c?token=[redacted] [redacted] refused',
          ...counts,
        },
        b: {
          state: 'starting',
          version: 0,
          generation: 0,
          rows: 0,
          columns: [],
          age_ms: null,
          skew_ms: null,
          last_error: null,
          ...counts,
        },
      },
      live: { subscribers: 0, frames_sent: 0, conflated: 0, resyncs: 0 },
      loop_delay_ms: { p50: 0.1, p99: 2.5, max: 7 },
      memory: { rss_bytes: expect.any(Number) as number, shared_bytes: 4096 },
    });
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
    stats.close();
  });

  test('counts time, requests, polls and live frames', async () => {
    const { stats, clock } = makeStats();
    await clock.advance(12_900);
    stats.record(0, 812);
    stats.endpoint('GetMetric').record(100);
    stats.record(1, 5_000_000);
    const a = stats.source('a');
    a.published({ parseMs: 10, publishMs: 14.5 }, { ...NO_LOSS, rejectedCells: 3, rejectedRows: 2 });
    a.polled({ ...poll, outcome: 'ok' });
    Object.assign(stats.live, { subscribers: 2, framesSent: 9, conflated: 1, resyncs: 1 });
    const document = snapshotDocument(stats, VIEW);
    expect(document).toMatchObject({
      uptime_s: 12,
      poll_last_cycle_ms: 18.5,
      endpoints: { GetMetric: { p50: 0.1, max: 0.812, count: 2 }, ListMetrics: { p50: 5000, count: 1 } },
      sources: {
        a: { polls: { ok: 1, status: 0 }, rejected_cells: 3, rejected_rows: 2, parse_ms: { max: 10 } },
      },
      live: { subscribers: 2, frames_sent: 9, conflated: 1, resyncs: 1 },
    });
    stats.close();
  });

  test('poll_retry_count counts failures in a row, and is reset by a 200 and by a 304', () => {
    const { stats } = makeStats();
    const a = stats.source('a');
    const retries = (): number => snapshotDocument(stats, VIEW).poll_retry_count;
    a.polled({ ...poll, outcome: 'status' });
    a.polled({ ...poll, outcome: 'parse' });
    a.polled({ ...poll, outcome: 'skipped' });
    a.skipped(2);
    expect(retries()).toBe(2);
    stats.source('b').polled({ ...poll, outcome: 'not_modified' });
    expect(retries()).toBe(2);
    a.polled({ ...poll, outcome: 'not_modified' });
    expect(retries()).toBe(0);
    a.polled({ ...poll, outcome: 'timeout' });
    expect(retries()).toBe(1);
    a.polled({ ...poll, outcome: 'identical' });
    expect(retries()).toBe(0);
    expect(a.polls('skipped')).toBe(3);
    stats.close();
  });

  test('the cycle of a failed poll is its fetch alone', () => {
    const { stats } = makeStats();
    const a = stats.source('a');
    a.published({ parseMs: 1, publishMs: 100 }, NO_LOSS);
    a.polled({ ...poll, outcome: 'ok' });
    a.polled({ ...poll, outcome: 'timeout', fetchMs: 5000 });
    expect(snapshotDocument(stats, VIEW).poll_last_cycle_ms).toBe(5000);
    stats.close();
  });

  test('a source may have any legal id', () => {
    const stats = new Stats({
      version: '1',
      clock: new FakeClock(),
      endpoints: [],
      sources: ['__proto__', 'x'],
    });
    expect(Object.keys(snapshotDocument(stats, VIEW).sources)).toEqual(['__proto__', 'x']);
    stats.close();
  });

  test('the loop delay of a real process is null or a number, and never negative', async () => {
    const stats = new Stats({ version: '1', clock: new FakeClock(), endpoints: [], sources: [] });
    expect(snapshotDocument(stats, VIEW).loop_delay_ms).toEqual({ p50: null, p99: null, max: null });
    while (snapshotDocument(stats, VIEW).loop_delay_ms.max === null)
      await new Promise((resolve) => setImmediate(resolve));
    expect(snapshotDocument(stats, VIEW).loop_delay_ms.p50).toBeGreaterThanOrEqual(0);
    stats.close();
  });
});

describe('Stats', () => {
  test('knows only what was registered: no name of a request can make it grow', () => {
    const { stats } = makeStats();
    expect(() => stats.endpoint('/scan/../x')).toThrow(/^BUG: /);
    expect(() => stats.source('c')).toThrow(/^BUG: /);
    for (const index of [-1, 2, 0.5, NaN]) stats.record(index, 5);
    expect(snapshotDocument(stats, VIEW).endpoints['GetMetric']!.count).toBe(0);
    stats.close();
  });

  test('counters only rise, whatever they are given', () => {
    const { stats } = makeStats();
    stats.counters.add('worker_restarts');
    for (const bad of [NaN, -3, Infinity, 0]) stats.counters.add('worker_restarts', bad);
    expect(stats.counters.get('worker_restarts')).toBe(1);
    for (const status of [99, 600, NaN, -1, 0]) stats.response(status);
    for (const status of [101, 200, 204, 304, 404, 599]) stats.response(status);
    expect(stats.responses.entries()).toEqual([
      ['1xx', 1],
      ['2xx', 2],
      ['3xx', 1],
      ['4xx', 1],
      ['5xx', 1],
    ]);
    stats.close();
  });

  test('records after close are ignored', () => {
    const { stats } = makeStats();
    stats.close();
    stats.record(0, 5);
    stats.source('a').polled({ ...poll, outcome: 'ok' });
    expect(snapshotDocument(stats, VIEW).endpoints['GetMetric']!.count).toBe(0);
  });
});
