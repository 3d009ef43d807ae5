/** Rows that are gone, over the generations of a source. */
import { describe, expect, test } from 'vitest';
import { Rig, worker } from '../../fixtures/ingest-rig.js';
import { MissingRows } from '../../../src/snapshot/missing.js';

function gone(rig: Rig): Record<string, number> {
  const { segment } = rig.ingest;
  const rows = new MissingRows(segment!.ref, segment!.version);
  const found: Record<string, number> = {};
  rows.forEach((slot) => (found[segment!.reader.keyText(slot)] = rows.sinceMs(slot)));
  return found;
}

/** Delivers a body of these rows ten seconds later; returns when it came. */
async function deliver(rig: Rig, header: readonly string[], rows: readonly string[]): Promise<number> {
  rig.answer = worker(header, rows);
  await rig.clock.advance(10_000);
  const atMs = rig.clock.nowMs();
  expect(await rig.deliver()).toBe('ok');
  return atMs;
}

describe('generations', () => {
  test('other columns keep what is missing, and find out what their first body lacks', async () => {
    const rig = new Rig();
    await deliver(rig, ['id', 'a'], ['x', 'y', 'z']);
    const first = await deliver(rig, ['id', 'a'], ['x', 'y']);
    expect(gone(rig)).toEqual({ z: first });
    expect(rig.publishes.at(-1)!.missing).toEqual({ missing: 1, forgotten: 0 });
    const second = await deliver(rig, ['id', 'a', 'b'], ['x']);
    expect(rig.ingest.generation).toBe(2);
    expect(gone(rig)).toEqual({ z: first, y: second });
    await deliver(rig, ['id', 'b'], ['z']);
    expect(gone(rig)).toMatchObject({ y: second });
    expect(gone(rig)).not.toHaveProperty('z');
    expect(rig.fabric.table!.rowsTotal).toBe(1);
  });

  test('other key columns make other keys: nothing is taken over', async () => {
    const rig = new Rig();
    await deliver(rig, ['id', 'a'], ['x', 'y']);
    await deliver(rig, ['name', 'a'], ['x']);
    expect(gone(rig)).toEqual({});
  });

  test('a body that fails changes nothing', async () => {
    const rig = new Rig();
    await deliver(rig, ['id', 'a'], ['x', 'y']);
    const since = await deliver(rig, ['id', 'a'], ['x']);
    rig.answer = () => ({
      ok: false,
      reason: 'timeout',
      message: 'late',
      exited: Promise.resolve(),
    });
    expect(await rig.deliver()).toBe('timeout');
    expect(gone(rig)).toEqual({ y: since });
    await Promise.resolve();
    await deliver(rig, ['id', 'b'], ['x']);
    expect(gone(rig)).toEqual({ y: since });
  });

  test('ids that are new in every body: generations stay bounded, so does what is remembered', async () => {
    const rig = new Rig({}, { rowsMax: 500, keepMs: 0 });
    let bodies = 0;
    let last = 0;
    for (; bodies < 400; bodies++) {
      const rows = Array.from({ length: 64 }, (_, i) => `${bodies}-${i}`);
      last = await deliver(rig, ['id', 'a'], rows);
    }
    const { spec } = rig.ingest.segment!.ref;
    expect(spec.slotCapacity).toBeLessThanOrEqual(4096 + 64 + 512);
    expect(spec.keyBytesCapacity).toBeLessThan(128 * 1024);
    // Several bodies a generation, however many ids are taken over.
    expect(rig.generations.length).toBeLessThan(400 / 4);
    expect(rig.generations.length).toBeGreaterThan(3);
    const known = gone(rig);
    expect(Object.keys(known)).toHaveLength(500);
    expect(Math.max(...Object.values(known))).toBe(last);
    expect(known).toHaveProperty('398-63', last);
    expect(rig.publishes.at(-1)!.missing).toEqual({ missing: 500, forgotten: 399 * 64 - 500 });
    expect(rig.fabric.table!.rowsTotal).toBe(64);
  });
});
