import { describe, expect, test } from 'vitest';
import { MemberBook } from '../../../src/live/member-book.js';
import { eachMember, homeOf, isMember, MemberSet } from '../../../src/view/row-members.js';
import { row, TableFixture } from '../../fixtures/tables.js';

const schemaOf = (fixture: TableFixture) => fixture.fabric.table!.schema;

function fixtureOf(rows: number): TableFixture {
  const fixture = new TableFixture({ boot: 'boot' });
  fixture.publish(
    's1',
    Array.from({ length: rows }, (_, i) => row(`r${i}`, { x: i })),
  );
  return fixture;
}

describe('MemberSet', () => {
  test('holds what was added, in the order of slots, and nothing else', () => {
    const { table } = fixtureOf(70).fabric;
    const set = new MemberSet(table!);
    for (const slot of [69, 0, 31, 32]) set.add(0, slot);
    const seen: number[] = [];
    eachMember(set, (_, slot) => seen.push(slot));
    expect(seen).toEqual([0, 31, 32, 69]);
    expect(set.rows).toBe(4);
    expect([30, 31, 33, 69, 200].map((slot) => isMember(set, 0, slot))).toEqual([
      false,
      true,
      false,
      true,
      false,
    ]);
  });

  test('a row of two sources has one home: where it was seen first', () => {
    const fixture = new TableFixture({ sources: ['s1', 's2'], boot: 'boot' });
    fixture.publish('s1', [row('a', { x: 1 })]);
    fixture.publish('s2', [row('b', { x: 1 }), row('a', { x: 2 })]);
    const { table } = fixture.fabric;
    const home = { part: 0, slot: -1 };
    expect({ ...homeOf(table!, 1, 1, home) }).toEqual({ part: 0, slot: 0 });
    expect({ ...homeOf(table!, 1, 0, home) }).toEqual({ part: 1, slot: 0 });
    expect({ ...homeOf(table!, 0, 0, home) }).toEqual({ part: 0, slot: 0 });
  });
});

describe('MemberBook', () => {
  test('keeps by selection and versions, of one schema', () => {
    const fixture = fixtureOf(40);
    const schema = schemaOf(fixture);
    const book = new MemberBook();
    const one = new MemberSet(fixture.fabric.table!);
    book.keep('7', schema, [1, 2], one);
    expect(book.find('7', schema, [1, 2])).toBe(one);
    expect(book.find('7', schema, [1, 3])).toBeUndefined();
    expect(book.find('8', schema, [1, 2])).toBeUndefined();
    const other = schemaOf(fixtureOf(1));
    expect(book.find('7', other, [1, 2])).toBeUndefined();
    book.keep('8', other, [1], one);
    expect(book.find('7', schema, [1, 2])).toBeUndefined();
  });

  test('past its bound the one used longest ago goes', () => {
    const fixture = fixtureOf(40);
    const schema = schemaOf(fixture);
    const one = new MemberSet(fixture.fabric.table!);
    const book = new MemberBook(2 * (256 + one.words.byteLength));
    book.keep('a', schema, [1], one);
    book.keep('b', schema, [1], one);
    expect(book.find('a', schema, [1])).toBe(one);
    book.keep('c', schema, [1], one);
    expect(['a', 'b', 'c'].map((key) => book.find(key, schema, [1]) === one)).toEqual([true, false, true]);
  });
});
