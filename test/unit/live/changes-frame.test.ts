/** What GET /telemetry/changes answers. */
import { describe, expect, test } from 'vitest';
import type { ChangesFrame } from '../../../src/live/changes-frame.js';
import { liveSlice } from '../../../src/view/frame-selection.js';
import { ALL } from '../../fixtures/live-frames.js';
import { LiveHarness } from '../../fixtures/live-hub.js';
import { ALL_RATES, row, TableFixture, type Row } from '../../fixtures/tables.js';

function rowsOf(count: number, cpu: number): Row[] {
  return Array.from({ length: count }, (_, i) =>
    row(`sw-${i}`, { cpu: i === 0 ? cpu : 1, temp: 40, fan: 7000, name: `port ${i}` }),
  );
}

function harnessOf(inlineCellsMax = 2000): LiveHarness {
  const harness = new LiveHarness(new TableFixture({ boot: 'boot' }), { inlineCellsMax, partBytes: 1 });
  harness.fixture.publish('s1', rowsOf(3, 1));
  return harness;
}

function parsed({ prefix, body }: ChangesFrame): unknown {
  return JSON.parse(prefix + new TextDecoder().decode(body));
}

describe('changes since', () => {
  test('a known state: one diff without id, uncut', async () => {
    const harness = harnessOf();
    harness.fixture.publish('s1', rowsOf(2, 5));
    harness.fixture.publish('s1', rowsOf(5, 6));
    const frame = await harness.hub.changesFrame({ ...ALL, metrics: ['cpu', 'temp'] }, 'boot-2');
    expect(frame.snapshotId).toBe('boot-3');
    expect(parsed(frame)).toEqual({
      type: 'diff',
      prev: 'boot-2',
      snapshot_id: 'boot-3',
      changes: [
        ['sw-0', { cpu: 6 }],
        ['sw-2', { cpu: 1, temp: 40 }],
        ['sw-3', { cpu: 1, temp: 40 }],
        ['sw-4', { cpu: 1, temp: 40 }],
      ],
      removed: [],
    });
  });

  test('the current state, or one without changes: an empty diff', async () => {
    const harness = harnessOf();
    harness.fixture.publish('s1', rowsOf(3, 2));
    const empty = { type: 'diff', snapshot_id: 'boot-2', changes: [], removed: [] };
    expect(parsed(await harness.hub.changesFrame(ALL, 'boot-2'))).toEqual({ ...empty, prev: 'boot-2' });
    const narrow = { ...ALL, metrics: ['name'] };
    expect(parsed(await harness.hub.changesFrame(narrow, 'boot-1'))).toEqual({ ...empty, prev: 'boot-1' });
  });

  test('of a slice: rows that came in, stayed and fell out', async () => {
    const harness = harnessOf();
    const { hub, fixture } = harness;
    const texts = { where: 'cpu ge 2', sort: null, limit: null, view: null, metrics: ['fan'] };
    const slice = { ...ALL, ...liveSlice(texts) };
    const publish = (...cpus: number[]): void => {
      fixture.publish(
        's1',
        cpus.map((cpu, i) => row(`sw-${i}`, { cpu, temp: 40, fan: 7000 + (i === 2 ? cpu : 0), name: 'x' })),
      );
    };
    // Nobody has asked for this slice at boot-1: what it held then is not known.
    expect(parsed(await hub.changesFrame(slice, 'boot-1'))).toMatchObject({ changes: [], removed: [] });
    publish(1, 2, 3);
    const rows = {
      type: 'diff',
      changes: [
        ['sw-1', { fan: 7000 }],
        ['sw-2', { fan: 7003 }],
      ],
      removed: [],
    };
    expect(parsed(await hub.changesFrame(slice, 'boot-1'))).toMatchObject(rows);
    publish(2, 0, 4);
    expect(parsed(await hub.changesFrame(slice, 'boot-2'))).toMatchObject({
      changes: [
        ['sw-0', { fan: 7000 }],
        ['sw-2', { fan: 7004 }],
      ],
      removed: ['sw-1'],
    });
    // The filter's column moves, the selected one and the set do not.
    publish(3, 1, 4);
    expect(parsed(await hub.changesFrame(slice, 'boot-3'))).toMatchObject({ changes: [], removed: [] });
    const other = { ...slice, ...liveSlice({ ...texts, where: null, sort: '-cpu', limit: 1 }) };
    expect(parsed(await hub.changesFrame(other, 'boot-3'))).toMatchObject({
      type: 'snapshot',
      reason: 'too_old',
      rows: [['sw-2', 7004]],
    });
    publish(5, 1, 4);
    expect(parsed(await hub.changesFrame(other, 'boot-4'))).toMatchObject({
      type: 'diff',
      changes: [['sw-0', { fan: 7000 }]],
      removed: ['sw-2'],
    });
  });

  test('of deltas: every row sampled since, with what is to be said of it', async () => {
    const { fixture, hub } = new LiveHarness(new TableFixture({ boot: 'boot', rates: ALL_RATES }));
    const publish = (dataTsMs: number, ...errors: (number | null)[]): void => {
      fixture.publish(
        's1',
        errors.map((value, i) => row(`sw-${i}`, { errors: value, name: 'x' })),
        { dataTsMs },
      );
    };
    const texts = { where: null, sort: null, limit: null, view: 'delta', metrics: ['errors'] };
    const deltas = { ...ALL, ...liveSlice(texts) };
    publish(1_000, 5, 5);
    expect(parsed(await hub.changesFrame(deltas, 'nothing'))).toMatchObject({
      fields: ['errors', '@status'],
      rows: [
        ['sw-0', null, { errors: 'first' }],
        ['sw-1', null, { errors: 'first' }],
      ],
    });
    publish(3_000, 9, 4, 1);
    expect(parsed(await hub.changesFrame(deltas, 'boot-1'))).toMatchObject({
      type: 'diff',
      changes: [
        ['sw-0', { errors: 4, '@status': null }],
        ['sw-1', { errors: null, '@status': { errors: 'reset' } }],
        ['sw-2', { errors: null, '@status': { errors: 'first' } }],
      ],
    });
    const movers = { ...ALL, ...liveSlice({ ...texts, view: 'rate', where: 'delta(errors) gt 0' }) };
    expect(parsed(await hub.changesFrame(movers, 'nothing'))).toMatchObject({ rows: [['sw-0', 2, null]] });
    publish(5_000, 9, 8, 2);
    expect(parsed(await hub.changesFrame(movers, 'boot-2'))).toMatchObject({
      changes: [
        ['sw-1', { errors: 2, '@status': null }],
        ['sw-2', { errors: 0.5, '@status': null }],
      ],
      removed: ['sw-0'],
    });
  });

  test('a state that cannot be served: a snapshot, with the reason', async () => {
    const harness = harnessOf();
    for (const since of ['other-1', 'nonsense']) {
      const frame = await harness.hub.changesFrame(ALL, since);
      expect(parsed(frame)).toMatchObject({ type: 'snapshot', reason: 'too_old', snapshot_id: 'boot-1' });
    }
    for (let cpu = 2; cpu <= 70; cpu++) harness.fixture.publish('s1', rowsOf(3, cpu));
    expect(parsed(await harness.hub.changesFrame(ALL, 'boot-1'))).toMatchObject({ reason: 'too_old' });
    harness.fixture.publish('s1', [row('sw-0', { cpu: 1, other: 2 })]);
    expect(parsed(await harness.hub.changesFrame(ALL, 'boot-70'))).toMatchObject({ reason: 'schema' });
    const narrow = { ...ALL, metrics: ['cpu'] };
    expect(parsed(await harness.hub.changesFrame(narrow, 'boot-70'))).toMatchObject({ reason: 'rebuilt' });
  });

  test('too much: refused', async () => {
    const harness = new LiveHarness(new TableFixture({ boot: 'boot' }), { frameCellsMax: 5 });
    harness.fixture.publish('s1', rowsOf(3, 1));
    await expect(harness.hub.changesFrame(ALL, 'boot-1')).rejects.toMatchObject({ code: 'too_large' });
  });
});

describe('a request for changes', () => {
  test('before data, or of an unknown metric, is refused', async () => {
    const early = new LiveHarness(new TableFixture());
    await expect(early.hub.changesFrame(ALL, 'boot-1')).rejects.toMatchObject({ code: 'no_data' });
    const unknown = harnessOf().hub.changesFrame({ ...ALL, metrics: ['nope'] }, 'boot-1');
    await expect(unknown).rejects.toMatchObject({ code: 'unknown_metric' });
  });

  test.each([
    ['overloaded', 'overloaded'],
    ['closed', 'overloaded'],
    ['timeout', 'deadline'],
    ['worker', 'internal'],
  ] as const)('whose job ended as %s is refused as %s', async (reason, code) => {
    const harness = harnessOf(0);
    const request = harness.hub.changesFrame(ALL, 'boot-1x');
    harness.jobs.fail(reason);
    await expect(request).rejects.toMatchObject({ code });
  });

  test('waits for room, and is answered for the table of that moment', async () => {
    const harness = harnessOf(0);
    const requests = ['cpu', 'temp', 'fan', 'name'].map((metric) =>
      harness.hub.changesFrame({ ...ALL, metrics: [metric] }, 'boot-1x'),
    );
    await harness.settle();
    expect(harness.jobs.pending).toHaveLength(2);
    harness.fixture.publish('s1', rowsOf(3, 2));
    await harness.complete();
    const frames = await Promise.all(requests);
    expect(frames.map(({ snapshotId }) => snapshotId)).toEqual(['boot-1', 'boot-1', 'boot-2', 'boot-2']);
  });

  test('shares its frame with equal ones, and is limited in number', async () => {
    const harness = harnessOf(0);
    const requests = Array.from({ length: 300 }, () => harness.hub.changesFrame(ALL, 'boot-1x'));
    const refused = Promise.allSettled(requests);
    await harness.complete();
    const results = await refused;
    expect(harness.jobs.started).toBe(1);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(256);
    expect(results.at(-1)).toMatchObject({ reason: { code: 'overloaded' } });
    const again = harness.hub.changesFrame(ALL, 'boot-1x');
    await harness.complete();
    await expect(again).resolves.toBeDefined();
  });

  test('made inside another listener of a publish sees the new table', async () => {
    const fixture = new TableFixture({ boot: 'boot' });
    const answers: Promise<ChangesFrame>[] = [];
    fixture.fabric.onPublish(() => answers.push(harness.hub.changesFrame(ALL, 'boot-1')));
    const harness = new LiveHarness(fixture);
    fixture.publish('s1', rowsOf(3, 1));
    fixture.publish('s1', rowsOf(3, 2));
    const frames = await Promise.all(answers);
    expect(frames.map(({ snapshotId }) => snapshotId)).toEqual(['boot-1', 'boot-2']);
  });
});
