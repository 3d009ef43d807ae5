/** The snapshot against a Map: random publishes, every cell, every change since any version. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SINCE_VERSIONS } from '../../src/model/limits.js';
import { ChangeSet } from '../../src/snapshot/change-set.js';
import { FreeList } from '../../src/snapshot/free-list.js';
import { Segment } from '../../src/snapshot/segment.js';
import {
  apply,
  expectCovered,
  expectNothingBeyond,
  KINDS,
  publish,
  readAll,
  soil,
  spec,
  step,
  type Model,
  type Row,
} from '../fixtures/map-segments.js';

describe('snapshot against a Map', () => {
  test('every published version reads back, and every change since any version is reported', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 12 }),
        fc.nat(1000),
        fc.boolean(),
        (steps, base, reused) => {
          const free = new FreeList(2 ** 30, () => undefined);
          if (reused) soil(free);
          const segment = new Segment(spec(base), free);
          const history: { version: number; model: Model }[] = [];
          let current: Model = new Map();
          for (const one of steps) {
            current = apply(current, one);
            const version = publish(segment, current);
            history.push({ version, model: current });
            expect(readAll(segment)).toEqual(current);
            for (const past of history) expectCovered(segment, past.version, past.model, current);
            expectNothingBeyond(segment);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test('only what changed is reported by a single step', () => {
    const segment = new Segment(spec(0), new FreeList(0, () => undefined));
    const first: Model = new Map([
      ['a', [1, 1n, 1n, 1, 'x']],
      ['b', [2, 2n, 2n, 2n, null]],
    ]);
    publish(segment, first);
    publish(segment, new Map([...first, ['b', [2, 3n, 2n, 2, null]] as [string, Row]]));
    const set = ChangeSet.between(segment.ref, 1, 2)!;
    const bits = KINDS.map((_, c) => set.cellBits(c, 0));
    // Row b is slot 1: its i64 changed, and its mixed cell from the integer 2 to the double 2.
    expect(bits).toEqual([0, 2, 0, 2, 0]);
    expect(set.memberBits(0)).toBe(0);
    expect(set.touchedBits(0)).toBe(2);
    expect(set.changedCellsMax).toBe(2);
  });

  test(`a version ${SINCE_VERSIONS} back is still known, one more is not`, () => {
    const segment = new Segment(spec(0), new FreeList(0, () => undefined));
    const rows: Model = new Map([['a', [0, 0n, 0n, 0, 'x']]]);
    publish(segment, rows);
    for (let i = 1; i <= SINCE_VERSIONS + 3; i++) publish(segment, new Map([['a', [i, 0n, 0n, 0, 'x']]]));
    const now = segment.version;
    expect(ChangeSet.between(segment.ref, now - SINCE_VERSIONS, now)?.cellBits(0, 0)).toBe(1);
    expect(ChangeSet.between(segment.ref, now - SINCE_VERSIONS - 1, now)).toBeUndefined();
    expect(ChangeSet.between(segment.ref, now, now)?.touchedBits(0)).toBe(0);
    expect(ChangeSet.between(segment.ref, now + 1, now)).toBeUndefined();
  });

  test('a reused buffer starts empty', () => {
    const free = new FreeList(2 ** 30, () => undefined);
    const old = new Segment(spec(0), free);
    publish(old, new Map([['ghost', [1, 1n, 1n, 1, 'boo']]]));
    old.retire();
    const segment = new Segment(spec(7), free);
    expect(segment.ref.buffer).toBe(old.ref.buffer);
    publish(segment, new Map([['a', [null, null, null, null, 'x']]]));
    expect(segment.reader.findKey('ghost')).toBe(-1);
    expect(readAll(segment)).toEqual(new Map([['a', [null, null, null, null, 'x']]]));
    expect(segment.version).toBe(8);
  });
});
