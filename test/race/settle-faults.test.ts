/** Settle jobs that fail, hang or lose their thread, while other sources go on. */
import { afterEach, describe, expect, test } from 'vitest';
import { settleMarker, type Poison } from '../fixtures/poisoned-worker.js';
import { POISONED_SETTLE, readRows, SettleRig, sumBody } from '../fixtures/settle-rig.js';
import { until } from '../fixtures/until.js';

const NUMBERS: Readonly<Record<string, readonly number[]>> = { x: [1, 2, 3, 4], y: [3, 4, 5], z: [9, 10] };
const SOURCES = Object.keys(NUMBERS);

const rigs: SettleRig[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close();
});

const bodyOf = (source: string, tick: number): string =>
  sumBody(SOURCES.indexOf(source), tick, NUMBERS[source]!);

async function newRig(): Promise<SettleRig> {
  const rig = new SettleRig({ sources: SOURCES, entries: POISONED_SETTLE });
  rigs.push(rig);
  for (const source of SOURCES) expect(await rig.deliver(source, bodyOf(source, 1))).toBe('ok');
  return rig;
}

/** The tick of each row that is served. */
const ticksOf = (rig: SettleRig): Record<string, number | null> =>
  Object.fromEntries([...readRows(rig.table)].map(([key, [tick]]) => [key, tick!]));

/** Turns of the event loop: whatever may happen by itself has happened then. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * x is poisoned with the tick, and its thread does not seem to end; then y waits, and then all is
 * well again. `broken`: the body.
 */
async function endure(rig: SettleRig, tick: number, broken: string, outcome: string): Promise<void> {
  const before = { id: rig.table.snapshotId, rows: readRows(rig.table), settles: rig.jobs.settles };
  let open = (): void => undefined;
  rig.jobs.exitGate = new Promise((resolve) => (open = resolve));
  rig.jobs.settleTimeoutMs = outcome === 'timeout' ? 300 : null;
  expect(await rig.deliver('x', broken)).toBe(outcome);
  rig.jobs.settleTimeoutMs = null;
  const { parses } = rig.jobs;
  const waiting = rig.deliver('y', bodyOf('y', tick));
  expect(await rig.deliver('x', bodyOf('x', tick))).toBe('skipped');
  await until('the parse of y', () => Promise.resolve(rig.jobs.parses > parses));
  await turns();
  // The lost job may still write: no other one may begin.
  expect([rig.jobs.settles, rig.jobs.overlaps]).toEqual([before.settles + 1, 0]);
  expect(rig.table.snapshotId).toBe(before.id);
  expect(readRows(rig.table)).toEqual(before.rows);
  open();
  expect(await waiting).toBe('ok');
  expect(await rig.deliver('z', bodyOf('z', tick))).toBe('ok');
  expect(ticksOf(rig)).toEqual({
    k1: tick - 1,
    k2: tick - 1,
    k3: tick,
    k4: tick,
    k5: tick,
    k9: tick,
    k10: tick,
  });
  expect(await rig.deliver('x', bodyOf('x', tick))).toBe('ok');
  expect(new Set(Object.values(ticksOf(rig)))).toEqual(new Set([tick]));
  expect(rig.table.snapshotId).toBe(`settle000-${Number(before.id.split('-')[1]) + 3}`);
  expect(rig.jobs.overlaps).toBe(0);
}

const poisoned = (tick: number, poison: Poison): string =>
  `${bodyOf('x', tick)}${settleMarker(poison)},1,1,1,1,1\n`;

describe('a settle job without an answer publishes nothing, and holds up others until its thread is gone', () => {
  const FAULTS: readonly (readonly [Poison, string])[] = [
    ['throw', 'worker'],
    ['exit', 'worker'],
    ['heap', 'worker'],
    ['die_writing', 'worker'],
    ['die_done', 'worker'],
    ['spin', 'timeout'],
    ['spin_writing', 'timeout'],
  ];

  test.each(FAULTS)('%s', async (poison, outcome) => {
    const rig = await newRig();
    // First the key is new and an index is built; then the one that is served would do.
    await endure(rig, 2, poisoned(2, poison), outcome);
    const { inUse } = rig;
    const { index } = rig.table;
    await endure(rig, 3, poisoned(3, poison), outcome);
    expect(rig.table.index).toBe(index);
    expect(rig.inUse).toBe(inUse);
  });

  test('a new generation that is lost is given back', async () => {
    const rig = await newRig();
    await endure(rig, 2, poisoned(2, 'die_writing'), 'worker');
    const { inUse } = rig;
    const wider = poisoned(3, 'die_writing').replaceAll('\n', ',7\n').replace('sum,7', 'sum,more');
    await endure(rig, 3, wider, 'worker');
    expect(rig.inUse).toBe(inUse);
    expect(rig.table.schema.byName.has('more')).toBe(false);
  });
});

test('a failed settle of the first body leaves the source out, and the next one in', async () => {
  const rig = new SettleRig({ sources: SOURCES, entries: POISONED_SETTLE });
  rigs.push(rig);
  expect(await rig.deliver('y', bodyOf('y', 1))).toBe('ok');
  expect(await rig.deliver('x', poisoned(1, 'exit'))).toBe('worker');
  expect(rig.table.parts.map(({ ref }) => ref.sourceId)).toEqual(['y']);
  expect(await rig.deliver('z', bodyOf('z', 1))).toBe('ok');
  expect(await rig.deliver('x', bodyOf('x', 1))).toBe('ok');
  expect(rig.table.rowsTotal).toBe(7);
  expect(readRows(rig.table).size).toBe(7);
});
