import { describe, expect, test } from 'vitest';
import { recordChanges } from '../../../src/snapshot/changes.js';
import { row, TableFixture, type Row } from '../../fixtures/tables.js';

/** Counts of one more fill of the published segment, without publishing it. */
function countsOf(before: readonly Row[], after: readonly Row[]): ReturnType<typeof recordChanges> {
  const fixture = new TableFixture();
  fixture.publish('s1', before);
  const part = fixture.publish('s1', after).parts[0]!;
  return recordChanges(part.ref.segment, part.bank.version);
}

describe('what a fill is compared by', () => {
  const rows = [row('a', { x: 1, t: 'up' }, 1000), row('b', { x: null, t: 'up' }, 1000)];

  test('nothing', () => {
    expect(countsOf(rows, rows)).toEqual({
      changedCells: 0,
      appeared: 0,
      vanished: 0,
      retimed: 0,
      counterResets: 0,
    });
  });

  test('the time of a row', () => {
    const later = [row('a', { x: 1, t: 'up' }, 1001), rows[1]!];
    expect(countsOf(rows, later)).toEqual({
      changedCells: 0,
      appeared: 0,
      vanished: 0,
      retimed: 1,
      counterResets: 0,
    });
  });

  test('a value, a value that went missing, a text', () => {
    const other = [row('a', { x: null, t: 'down' }, 1000), row('b', { x: 0, t: 'up' }, 1000)];
    expect(countsOf(rows, other)).toMatchObject({ changedCells: 3 });
  });

  test('rows', () => {
    const other = [rows[0]!, row('c', { x: 1, t: 'up' }, 1000)];
    expect(countsOf(rows, other)).toEqual({
      changedCells: 0,
      appeared: 1,
      vanished: 1,
      retimed: 0,
      counterResets: 0,
    });
  });
});
