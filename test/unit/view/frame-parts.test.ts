import { describe, expect, test } from 'vitest';
import { ALL, select, encode, objects, versions, wide } from '../../fixtures/live-frames.js';
import { row, TableFixture } from '../../fixtures/tables.js';

describe('parts', () => {
  const rows = Array.from({ length: 40 }, (_, i) => row(`sw-${i}`, wide(i)));

  test('are cut at rows, numbered, and the last one says so', () => {
    const table = new TableFixture().publish('s1', rows);
    const parts = objects(encode(table, ALL, null, { partBytes: 500 }));
    expect(parts.length).toBeGreaterThan(3);
    expect(parts.map((part) => part['part'])).toEqual(parts.map((_, i) => i));
    expect(parts.map((part) => part['last'])).toEqual(
      parts.map((_, i) => (i === parts.length - 1 ? true : undefined)),
    );
    for (const part of parts) expect(part['fields']).toEqual(parts[0]!['fields']);
    const whole = objects(encode(table, ALL, null))[0]!;
    expect(parts.flatMap((part) => part['rows'])).toEqual(whole['rows']);
    expect(whole).not.toHaveProperty('part');
    expect(whole).not.toHaveProperty('last');
  });

  test('hold at least one row each, and about as many bytes as asked for', () => {
    const table = new TableFixture().publish('s1', rows);
    expect(encode(table, ALL, null, { partBytes: 1 }).parts).toHaveLength(rows.length);
    const parts = encode(table, ALL, null, { partBytes: 1000 }).parts;
    for (const part of parts.slice(0, -1)) expect(part.length).toBeGreaterThanOrEqual(1000);
    for (const part of parts) expect(part.length).toBeLessThan(1200);
  });

  test('of a diff carry changes and removed rows', () => {
    const fixture = new TableFixture();
    const before = fixture.publish('s1', rows);
    const table = fixture.publish(
      's1',
      rows.slice(0, 20).map(({ id }, i) => row(id, wide(i + 1))),
    );
    const cut = encode(table, select(null, ['cpu', 'a', 'b', 'c', 'd', 'e']), versions(before), {
      partBytes: 150,
    });
    const parts = objects(cut);
    expect(cut.kind).toBe('diff');
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.flatMap((part) => part['changes'])).toHaveLength(20);
    expect(parts.flatMap((part) => part['removed'])).toEqual(rows.slice(20).map(({ id }) => id));
    expect(parts.at(-1)!['last']).toBe(true);
  });

  test('have buffers of their own, so that they can be transferred', () => {
    const table = new TableFixture().publish('s1', rows);
    const { parts } = encode(table, ALL, null, { partBytes: 500 });
    expect(new Set(parts.map((part) => part.buffer)).size).toBe(parts.length);
    for (const part of parts) expect(part.buffer.byteLength).toBe(part.length);
  });
});
