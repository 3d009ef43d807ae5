/** The hot loop, cell by cell: every byte at every place of a number, in integer and in double columns. */
import { describe, expect, test } from 'vitest';
import { difference } from '../../fixtures/parse-oracle.js';
import { columnOf, tableOf } from '../../fixtures/parse-table.js';

/** As many plain numbers as cells, so that the column stays one of numbers. */
function readAll(cells: readonly string[], plain: string): void {
  for (let from = 0; from < cells.length; from += 200) {
    const part = cells.slice(from, from + 200);
    const rows = part.map((cell, i) => `a${i},${cell},1\nb${i},${plain},1\n`).join('');
    const table = tableOf(`switch_id,x,y\n${rows}`);
    const values = columnOf(table, 'x').filter((_, i) => i % 2 === 0);
    const { kind } = table.columns[0]!;
    expect(kind).not.toBe('text');
    expect(part.map((cell, i) => difference(cell, kind, values[i]!)).filter((wrong) => wrong !== '')).toEqual(
      [],
    );
    expect(columnOf(table, 'y').every((value) => value === 1n)).toBe(true);
  }
}

const printable = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).filter(
  (character) => character !== ',' && character !== '"',
);

describe.each([
  ['integers', '7'],
  ['doubles', '0.5'],
  ['wide integers', '9223372036854775807'],
])('in a column of %s', (_, plain) => {
  test.each([1, 2, 7, 8, 9, 12, 16, 17, 19, 20])(
    'a cell of %d characters with any of ASCII at any place',
    (length) => {
      const digits = '90817263549081726354'.slice(0, length);
      const cells = Array.from({ length }, (_, place) =>
        printable.map((character) => digits.slice(0, place) + character + digits.slice(place + 1)),
      ).flat();
      readAll(cells, plain);
    },
  );

  test('bytes beyond ASCII right behind a number do not change it', () => {
    const rows = Array.from({ length: 20 }, (_, i) => `s${i},${'9'.repeat(i % 20)},é,${plain}\n`).join('');
    const table = tableOf(`switch_id,x,tag,y\n${rows}`);
    const { kind } = table.columns[0]!;
    columnOf(table, 'x').forEach((value, i) => {
      expect(difference(i % 20 === 0 ? null : '9'.repeat(i % 20), kind, value)).toBe('');
    });
  });

  test('signs, points, exponents and line ends around the eight characters', () => {
    const wholes = ['0', '12', '1234567', '12345678', '123456789', '1234567890123456', '12345678901234567'];
    const parts = ['', '.', '.0', '.5', '.25', '.1234567', '.12345678', '.123456789', '.12345678901234567'];
    const tails = ['', 'e5', 'E-7', 'e+22', 'e-23', 'e-254', 'e300', 'e', 'e-', 'e99999', 'e00005', 'x'];
    const all = wholes.flatMap((whole) => parts.flatMap((part) => tails.map((tail) => whole + part + tail)));
    readAll([...all, ...all.map((cell) => `-${cell}`), ...all.map((cell) => `+${cell}`)], plain);
    const crlf = all.map((cell, i) => `a${i},${plain},${cell}\r\nb${i},${plain},1\r\n`).slice(0, 250);
    const table = tableOf(`switch_id,y,x\r\n${crlf.join('')}`);
    const values = columnOf(table, 'x').filter((_, i) => i % 2 === 0);
    values.forEach((value, i) => expect(difference(all[i]!, table.columns[1]!.kind, value)).toBe(''));
  });
});
