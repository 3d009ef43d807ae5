/** Frames that workers make: shared, pinned, retried; and the turns in which all is sent. */
import { describe, expect, test } from 'vitest';
import { DIFF_CELLS_INLINE_MAX } from '../../../src/model/limits.js';
import { LiveHarness } from '../../fixtures/live-hub.js';
import { row, TableFixture, type Row } from '../../fixtures/tables.js';

const COLUMNS = 25;
const ROWS = DIFF_CELLS_INLINE_MAX / COLUMNS + 4;

function big(value: number, changed = ROWS): Row[] {
  return Array.from({ length: ROWS }, (_, i) => {
    const names = Array.from({ length: COLUMNS }, (__, c) => [`metric_${c}`, 100_000]);
    const cells = Object.fromEntries(names) as Record<string, number>;
    cells['metric_0'] = i < changed ? value : 1;
    return row(`sw-${i}`, cells);
  });
}

function harnessOf(): LiveHarness {
  const harness = new LiveHarness(new TableFixture({ boot: 'boot' }));
  harness.fixture.publish('s1', big(1));
  return harness;
}

describe('a large frame', () => {
  test('is made by one job for all who need it', async () => {
    const harness = harnessOf();
    const transports = [1, 2, 3].map(() => harness.subscribe());
    expect(harness.jobs.pending).toHaveLength(1);
    expect(harness.jobs.pending[0]!.options).toEqual({ jobClass: 'encode', timeoutMs: 30_000 });
    await harness.complete();
    for (const { client } of transports) expect(client.views.get('s1')!.rows.size).toBe(ROWS);
    harness.subscribe();
    await harness.settle();
    expect(harness.jobs.started).toBe(1);
  });

  test('small diffs of a large table are made on the spot', () => {
    const harness = harnessOf();
    const transport = harness.subscribe({ since: 'boot-1' }, emptyView('boot-1'));
    harness.fixture.publish('s1', big(2, 1));
    harness.run();
    expect(harness.jobs.started).toBe(0);
    expect(transport.received.at(-1)).toContain('"changes":[["sw-0",{"metric_0":2}]]');
  });

  test('so is a single switch, however much changes', () => {
    const harness = harnessOf();
    const transport = harness.subscribe({ switches: ['sw-7'] });
    expect(transport.client.views.get('s1')!.rows.size).toBe(1);
    harness.fixture.publish('s1', big(2));
    harness.run();
    expect(transport.client.views.get('s1')!.rows.get('sw-7')!.get('metric_0')).toBe(2);
    expect(harness.jobs.started).toBe(0);
  });

  test('is for the table of its dispatch; the next one goes on from there', async () => {
    const harness = harnessOf();
    const transport = harness.subscribe();
    harness.fixture.publish('s1', big(2, 3));
    await harness.settle();
    harness.jobs.finish(1);
    await harness.complete();
    expect(transport.take().slice(1)).toMatchObject([
      { type: 'snapshot', snapshot_id: 'boot-1' },
      { type: 'diff', prev: 'boot-1', snapshot_id: 'boot-2' },
    ]);
  });

  test('of a subscription that was replaced meanwhile is not sent', async () => {
    const harness = harnessOf();
    const transport = harness.subscribe();
    transport.say({ op: 'subscribe', id: 's1', metrics: ['metric_1'], switches: ['sw-1'] });
    await harness.complete();
    expect(transport.take().slice(1)).toMatchObject([{ fields: ['metric_1'] }]);
    harness.subscribe().session!.closed();
    await harness.complete();
  });

  test('keeps its banks pinned until its thread has ended', async () => {
    const harness = harnessOf();
    harness.subscribe();
    harness.fixture.publish('s1', big(2));
    expect(() => harness.fixture.publish('s1', big(3))).toThrow('pinned');
    let exit = (): void => {};
    harness.jobs.fail('timeout', new Promise((resolve) => (exit = resolve)));
    await harness.settle();
    expect(() => harness.fixture.publish('s1', big(3))).toThrow('pinned');
    exit();
    await harness.settle();
    harness.fixture.publish('s1', big(3));
    expect(harness.fixture.fabric.version).toBe(3);
  });

  test('that failed is tried again later, with growing pauses, and nothing is lost', async () => {
    const harness = harnessOf();
    const transport = harness.subscribe();
    const starts: number[] = [];
    for (let failures = 0; failures < 5; failures++) {
      starts.push(harness.fixture.clock.monotonicMs());
      harness.jobs.fail(failures % 2 ? 'worker' : 'overloaded');
      await harness.settle();
      expect(harness.jobs.pending).toHaveLength(0);
      await harness.fixture.clock.advance(
        harness.fixture.clock.nextAtMs! - harness.fixture.clock.monotonicMs(),
      );
      while (harness.jobs.pending.length === 0) {
        await harness.fixture.clock.advance(50);
        await harness.settle();
      }
    }
    const pauses = starts.slice(1).map((start, i) => start - starts[i]!);
    for (let i = 1; i < pauses.length; i++) expect(pauses[i]).toBeGreaterThan(pauses[i - 1]!);
    await harness.complete();
    expect(transport.client.views.get('s1')!.history).toEqual(['subscribed']);
  });

  test('waits for room when many different ones are wanted', async () => {
    const harness = harnessOf();
    const transports = Array.from({ length: 40 }, (_, i) => {
      const metrics = Array.from({ length: COLUMNS }, (__, c) => `metric_${(c + i) % COLUMNS}`);
      return harness.subscribe({ metrics });
    });
    let most = 0;
    for (;;) {
      await harness.settle();
      most = Math.max(most, harness.jobs.pending.length);
      if (harness.jobs.pending.length === 0) break;
      harness.jobs.finish(1);
    }
    expect(most).toBeLessThanOrEqual(2);
    expect(harness.jobs.frames).toBe(COLUMNS);
    for (const { client } of transports) expect(client.views.get('s1')!.rows.size).toBe(ROWS);
  });
});

describe('after a publish', () => {
  const SELECTIONS = 40;
  const SUBSCRIBERS = 200;

  function subscribed(): LiveHarness {
    const harness = new LiveHarness(new TableFixture({ boot: 'boot' }), { inlineCellsMax: 0 });
    harness.fixture.publish('s1', big(1));
    for (let i = 0; i < SUBSCRIBERS; i++) {
      harness.subscribe({ switches: [`sw-${i % SELECTIONS}`, `sw-${(i % SELECTIONS) + 1}`] });
    }
    return harness;
  }

  test('each selection is one frame for all who have it, and one job makes all frames', async () => {
    const harness = subscribed();
    await harness.complete();
    const before = { ...harness.jobs };
    harness.fixture.publish('s1', big(2));
    harness.run();
    expect(harness.jobs.started - before.started).toBe(1);
    await harness.complete();
    expect(harness.jobs.started - before.started).toBe(1);
    expect(harness.jobs.frames - before.frames).toBe(SELECTIONS);
  });

  test('frames whose job failed are made by a job each, and then together again', async () => {
    const harness = subscribed();
    await harness.complete();
    harness.fixture.publish('s1', big(2));
    harness.run();
    expect(harness.jobs.pending.map(({ task }) => task.orders.length)).toEqual([SELECTIONS]);
    harness.jobs.fail('worker');
    await harness.settle();
    let alone = 0;
    while (alone < SELECTIONS) {
      await harness.fixture.clock.advance(50);
      await harness.settle();
      for (const { task } of harness.jobs.pending) expect(task.orders).toHaveLength(1);
      alone += harness.jobs.pending.length;
      harness.jobs.finish();
    }
    await harness.complete();
    harness.fixture.publish('s1', big(3));
    harness.run();
    expect(harness.jobs.pending.map(({ task }) => task.orders.length)).toEqual([SELECTIONS]);
    await harness.complete();
  });
});

describe('turns', () => {
  test('a publish to many subscribers is spread over many, each short', () => {
    const harness = harnessOf();
    const transports = Array.from({ length: 1000 }, () => harness.subscribe({ switches: ['sw-1'] }));
    harness.fixture.publish('s1', big(2));
    const { clock } = harness.fixture;
    let now = 0;
    // Each look at the clock costs a tenth of a millisecond: twenty steps fill a turn.
    clock.monotonicMs = () => (now += 0.1);
    const served = (): number =>
      transports.filter(({ client }) => client.views.get('s1')!.history.length > 1).length;
    expect(served()).toBe(0);
    let turns = 0;
    while (harness.turnsWaiting > 0) {
      const before = served();
      harness.run(1);
      expect(served() - before).toBeLessThanOrEqual(20);
      turns++;
    }
    expect(served()).toBe(1000);
    expect(turns).toBeGreaterThanOrEqual(50);
  });

  test('bytes end a turn, too', async () => {
    const harness = harnessOf();
    const transports = Array.from({ length: 100 }, () => harness.subscribe());
    await harness.settle();
    harness.jobs.finish();
    let turns = 0;
    do {
      await Promise.resolve();
      while (harness.turnsWaiting > 0) {
        harness.run(1);
        turns++;
      }
    } while (transports.some(({ client }) => client.views.get('s1')!.history.length === 0));
    const bytes = transports.reduce((sum, { received }) => sum + received.at(-1)!.length, 0);
    expect(bytes).toBeGreaterThan(1024 * 1024);
    expect(turns).toBeGreaterThanOrEqual(Math.floor(bytes / (1024 * 1024 + 64 * 1024)));
  });
});

function emptyView(snapshotId: string) {
  const fields = Array.from({ length: COLUMNS }, (_, c) => `metric_${c}`);
  const cells = fields.map((field): [string, number] => [field, 100_000]);
  const rows = new Map(Array.from({ length: ROWS }, (_, i) => [`sw-${i}`, new Map(cells)]));
  return { snapshotId, fields, rows, history: [] };
}
