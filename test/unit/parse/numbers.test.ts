import { describe, expect, test } from 'vitest';
import { SEEN_BIG, SEEN_FRACTION, SEEN_HUGE, SEEN_INT, SEEN_NEGATIVE } from '../../../src/model/schema.js';
import { NumberReader } from '../../../src/parse/numbers.js';
import { bytesOf } from '../../fixtures/parse-table.js';

const reader = new NumberReader();

/** The cell stands between other bytes, as in a body. */
function read(text: string): NumberReader | null {
  const bytes = bytesOf(`7,${text},9`);
  return reader.read(bytes, 2, bytes.length - 2) ? reader : null;
}

function integer(text: string): { value: bigint; seen: number } | null {
  const number = read(text);
  if (number === null) return null;
  const bits = (BigInt(number.high >>> 0) << 32n) | BigInt(number.low >>> 0);
  return { value: number.seen & SEEN_HUGE ? bits : BigInt.asIntN(64, bits), seen: number.seen };
}

describe('what is a number', () => {
  test.each([
    '0',
    '7',
    '-1',
    '+5',
    ' 12 ',
    '\t12',
    '1.',
    '.5',
    '-.5',
    '1e3',
    '1E+3',
    '1.00E-06',
    '00012',
    '-0',
  ])('%j has the value of Number(text)', (text) => {
    expect(read(text)?.double).toBe(Number(text));
  });

  test.each([
    ...['', ' ', '-', '+', '.', '-.', 'e5', '.e5', '1e', '1e+', '1e5.', '1 2', '--1', '+-1', '1..2', '1.2.3'],
    ...[
      '0x10',
      '1,5',
      '1_000',
      'NaN',
      'nan',
      'inf',
      'Infinity',
      '-Infinity',
      '1e999',
      '-1e999',
      '37C',
      '1e5x',
    ],
    ...['12e4567890123456', '٣', '1\u00a0', '0b1', '1n', '"5"', `${'9'.repeat(400)}`],
  ])('%j is none', (text) => {
    expect(read(text)).toBeNull();
  });

  test('the bytes around the cell do not count', () => {
    const bytes = bytesOf('12345');
    expect(reader.read(bytes, 1, 3)).toBe(true);
    expect(reader.double).toBe(23);
  });
});

describe('integers', () => {
  test.each([
    ['0', SEEN_INT],
    ['-0', SEEN_INT],
    ['-1', SEEN_INT | SEEN_NEGATIVE],
    ['9007199254740992', SEEN_INT],
    ['9007199254740993', SEEN_BIG],
    ['-9007199254740992', SEEN_INT | SEEN_NEGATIVE],
    ['-9007199254740993', SEEN_BIG | SEEN_NEGATIVE],
    ['9223372036854775807', SEEN_BIG],
    ['9223372036854775808', SEEN_HUGE],
    ['18446744073709551615', SEEN_HUGE],
    ['-9223372036854775808', SEEN_BIG | SEEN_NEGATIVE],
    ['000000000000000000000000012', SEEN_INT],
    ['4294967295', SEEN_INT],
    ['4294967296', SEEN_INT],
    ['999999999', SEEN_INT],
    ['1000000000', SEEN_INT],
    ['999999999999999999', SEEN_BIG],
    ['1000000000000000000', SEEN_BIG],
  ])('%s is exact', (text, seen) => {
    expect(integer(text)).toEqual({ value: BigInt(text), seen });
    expect(reader.double).toBe(Number(text));
    expect(reader.rounded).toBe(false);
  });

  test.each([
    '18446744073709551616',
    '-9223372036854775809',
    '99999999999999999999',
    '123456789012345678901234567890',
  ])('%s is beyond 64 bits: the nearest double', (text) => {
    expect(read(text)?.double).toBe(Number(text));
    expect(reader.seen).toBe(SEEN_FRACTION);
    expect(reader.rounded).toBe(true);
  });

  test('-0 is 0 as an integer and -0 as a double', () => {
    expect(integer('-0')?.value).toBe(0n);
    expect(Object.is(reader.double, -0)).toBe(true);
  });
});

describe('fractions are correctly rounded', () => {
  test.each([
    ...[
      '0.1',
      '-0.0',
      '0.30000000000000004',
      '8.741',
      '0.00000153523',
      '1.5e-254',
      '5e-324',
      '2.5e-324',
      '2e-324',
    ],
    ...[
      '1e-400',
      '1.7976931348623157e308',
      '2.2250738585072011e-308',
      '2.2250738585072014e-308',
      '1e22',
      '1e23',
    ],
    ...[
      '9007199254740993.0',
      '9007199254740993.00000000000000000000001',
      '1.0000000000000001110223024625156540',
    ],
    ...[
      '1.00000000000000011102230246251565404236316680908203125',
      '0.500000000000000166533453693773481063544750213',
    ],
    ...[
      '3.518437208883201171875e13',
      '62.5364939768271845828',
      '8.10109172351e-10',
      '1.50000000000000011102230246251565',
    ],
    ...[
      '0.000000000000000000000000000000000000000000000001',
      '123456789012345678.9',
      '1234567890123456789.5',
    ],
    ...['99999999999999999999.5', '1e-22', '1.7976931348623158e308', '17976931348623157e292', '6.0221e23'],
  ])('%s', (text) => {
    expect(read(text)?.double).toBe(Number(text));
    expect(reader.seen).toBe(SEEN_FRACTION);
  });
});
