import { describe, expect, test } from 'vitest';
import type { FieldFacts, ParseReport } from '../../../src/model/parse-job.js';
import {
  SEEN_BIG,
  SEEN_FRACTION,
  SEEN_HUGE,
  SEEN_INT,
  SEEN_NEGATIVE,
  type ColumnKind,
} from '../../../src/model/schema.js';
import { wantedKinds } from '../../../src/parse/kinds.js';
import { reportOf } from '../../fixtures/ingest-rig.js';

const field = (facts: Partial<FieldFacts>): FieldFacts => ({
  name: 'x',
  byName: false,
  seen: SEEN_INT,
  present: 10,
  numeric: 10,
  textBytes: 0,
  rejected: 0,
  ...facts,
});

const report = (fields: readonly FieldFacts[]): ParseReport => ({ ...reportOf(['key'], []), fields });

function kind(facts: Partial<FieldFacts>, before?: ColumnKind): ColumnKind {
  const previous = before === undefined ? null : [{ name: 'x', kind: before }];
  return wantedKinds(report([field(facts)]), previous)[0]!.kind;
}

describe('wantedKinds', () => {
  test.each<[number, ColumnKind]>([
    [0, 'i64'],
    [SEEN_INT | SEEN_NEGATIVE, 'i64'],
    [SEEN_INT | SEEN_BIG | SEEN_NEGATIVE, 'i64'],
    [SEEN_HUGE, 'u64'],
    [SEEN_HUGE | SEEN_NEGATIVE, 'mixed'],
    [SEEN_INT | SEEN_FRACTION, 'f64'],
    [SEEN_BIG | SEEN_FRACTION, 'mixed'],
  ])('seen %d is %s', (seen, want) => {
    expect(kind({ seen })).toBe(want);
  });

  test('kinds only widen', () => {
    expect(kind({ seen: SEEN_INT }, 'u64')).toBe('u64');
    expect(kind({ seen: SEEN_NEGATIVE }, 'u64')).toBe('mixed');
    expect(kind({ seen: SEEN_INT }, 'f64')).toBe('f64');
    expect(kind({ seen: SEEN_BIG }, 'f64')).toBe('mixed');
    expect(kind({ seen: SEEN_FRACTION }, 'i64')).toBe('f64');
    expect(kind({ seen: SEEN_INT }, 'mixed')).toBe('mixed');
    expect(kind({ seen: 0, present: 0, numeric: 0 }, 'f64')).toBe('f64');
  });

  test('text by name stays text; a column without cells keeps what it was', () => {
    expect(kind({ byName: true })).toBe('text');
    expect(kind({ present: 0, numeric: 0 }, 'text')).toBe('text');
    expect(kind({ present: 0, numeric: 0, seen: 0 })).toBe('i64');
  });

  test('text by content: from more than half on, and back when no text is left', () => {
    expect(kind({ numeric: 5 })).toBe('i64');
    expect(kind({ numeric: 4 })).toBe('text');
    expect(kind({ numeric: 9 }, 'text')).toBe('text');
    expect(kind({ numeric: 10 }, 'text')).toBe('i64');
    expect(kind({ numeric: 10, seen: SEEN_FRACTION }, 'text')).toBe('f64');
    expect(kind({ numeric: 5 }, 'i64')).toBe('i64');
    expect(kind({ numeric: 4 }, 'f64')).toBe('text');
  });

  test('columns are matched by name', () => {
    const fields = [field({ name: 'b' }), field({ name: '__proto__' }), field({ name: 'new' })];
    const previous = [
      { name: 'a', kind: 'text' },
      { name: 'b', kind: 'u64' },
      { name: '__proto__', kind: 'f64' },
    ] as const;
    expect(wantedKinds(report(fields), previous)).toEqual([
      { name: 'b', kind: 'u64' },
      { name: '__proto__', kind: 'f64' },
      { name: 'new', kind: 'i64' },
    ]);
  });
});
