/** Changes over many versions: none is missed, and not many are sent that are none. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CHANGE_FINE, CHANGE_GROUP_VERSIONS, SINCE_VERSIONS } from '../../src/model/limits.js';
import { ChangeSet } from '../../src/snapshot/change-set.js';
import { recordChanges } from '../../src/snapshot/changes.js';
import { FreeList } from '../../src/snapshot/free-list.js';
import { Segment } from '../../src/snapshot/segment.js';
import { BankWriter } from '../../src/snapshot/writer.js';
import {
  apply,
  expectCovered,
  expectNothingBeyond,
  key,
  publish,
  row,
  soil,
  spec,
  type Model,
} from '../fixtures/map-segments.js';

/** Older versions are remembered in groups; what is older than a group is never in the set. */
function expectBounded(segment: Segment, since: number): void {
  const set = ChangeSet.between(segment.ref, since, segment.version)!;
  if (segment.version - since < CHANGE_FINE) expect(set.first).toBe(since + 1);
  expect(set.first).toBeGreaterThan(since + 1 - CHANGE_GROUP_VERSIONS);
  expect(set.first).toBeGreaterThan(segment.ref.spec.baseVersion + 1);
}

describe('changes of many versions', () => {
  test('over many versions none is missed, whichever version is asked for', () => {
    const few = fc.record({
      put: fc.uniqueArray(fc.tuple(key, row), { selector: ([k]) => k, maxLength: 3 }),
      drop: fc.array(key, { maxLength: 1 }),
    });
    fc.assert(
      fc.property(
        fc.array(few, { minLength: SINCE_VERSIONS + 20, maxLength: SINCE_VERSIONS * 2 }),
        fc.nat(1000),
        fc.boolean(),
        (steps, base, reused) => {
          const free = new FreeList(2 ** 30, () => undefined);
          if (reused) soil(free);
          const segment = new Segment(spec(base), free);
          const history: Model[] = [];
          let current: Model = new Map();
          for (const one of steps) {
            current = apply(current, one);
            const version = publish(segment, current);
            history.push(current);
            for (let since = Math.max(base + 1, version - SINCE_VERSIONS); since < version; since++) {
              expectCovered(segment, since, history[since - base - 1]!, current);
              expectBounded(segment, since);
            }
            expectNothingBeyond(segment);
          }
        },
      ),
      { numRuns: 4 },
    );
  });

  test('a fill that is begun again, and one that is begun only, leave what readers have', () => {
    const segment = new Segment(spec(3), new FreeList(0, () => undefined));
    const rowsOf = (n: number): Model => new Map([[`k-${n % 100}`, [n, 0n, 0n, 0, 'x']]]);
    const history: Model[] = [];
    for (let i = 0; i < SINCE_VERSIONS * 2; i++) {
      // A writer that is lost behind the comparison, before main publishes.
      const lost = segment.beginFill();
      new BankWriter(segment.ref, lost).finish(0, 0);
      recordChanges(segment.ref, lost);
      for (let since = Math.max(4, segment.version - SINCE_VERSIONS); since < segment.version; since++) {
        expectCovered(segment, since, history[since - 4]!, history.at(-1)!);
      }
      segment.endFill(lost, false);
      publish(segment, rowsOf(i));
      history.push(rowsOf(i));
    }
  });
});
