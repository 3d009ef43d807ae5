import { describe, expect, test } from 'vitest';
import { digitsBefore, intPower, nonDigits, power } from '../../../src/parse/digits.js';
import { columnOf, tableOf } from '../../fixtures/parse-table.js';

const view = (bytes: readonly number[]): DataView => new DataView(Uint8Array.from(bytes).buffer);

describe('nonDigits', () => {
  test('marks every byte that is no digit, at every place', () => {
    for (let place = 0; place < 8; place++) {
      for (let byte = 0; byte < 256; byte++) {
        const bytes = [...Buffer.from('90817263')];
        bytes[place] = byte;
        const isDigit = byte >= 48 && byte <= 57;
        const marks = nonDigits(view(bytes), 0);
        // Beyond ASCII the characters before may be marked too: runs get shorter, never longer.
        if (byte < 128) expect(Math.clz32(marks)).toBe(isDigit ? 8 : place);
        else expect(Math.clz32(marks)).toBeLessThanOrEqual(place);
      }
    }
  });

  test('marks each of several', () => {
    expect(nonDigits(view([...Buffer.from('1.25,3,-')]), 0)).toBe(0b01001011100000000000000000000000 | 0);
  });
});

test('digitsBefore reads one to eight digits and nothing else', () => {
  const bytes = [...Buffer.from('\xff9:/x-,~12345678', 'latin1')];
  for (let count = 1; count <= 8; count++) {
    expect(digitsBefore(view(bytes), 16, count)).toBe(Number('12345678'.slice(-count)));
  }
  expect(digitsBefore(view([...Buffer.from('99999999')]), 8, 8)).toBe(99999999);
});

test('powers of ten', () => {
  for (let n = 0; n <= 22; n++) expect(power(n)).toBe(Number(`1e${n}`));
  for (let n = 0; n <= 9; n++) expect(intPower(n)).toBe(10 ** n);
});

test('the neighbours of the digits in ASCII are no digits', () => {
  const cells = ['1:', ':1', '1/2', '12345:78', '/', ':', '1.5:', '1.:5', '123456789:', '5'];
  const body = `switch_id,x,y\n${cells.map((cell, i) => `s${i},${cell},1.5\n`).join('')}`;
  const numbers = cells.map((_, i) => `n${i},${i},0.5\n`).join('');
  expect(columnOf(tableOf(body + numbers), 'x').slice(0, cells.length)).toEqual([
    ...cells.slice(0, -1).map(() => null),
    5n,
  ]);
});
