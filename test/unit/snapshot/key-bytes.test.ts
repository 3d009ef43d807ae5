import { expect, it } from 'vitest';
import { hashBytes } from '../../../src/snapshot/byte-table.js';
import { keyBytesOf } from '../../../src/snapshot/key-bytes.js';

const encoder = new TextEncoder();

it.each([
  '',
  'sw-000',
  '0x0c42a103007ab890:0x0c42a103007ab890:17',
  'a'.repeat(64),
  'a'.repeat(65),
  'a'.repeat(5000),
  'größe',
  'ascii until the end: ü',
  '\u0000\u007f\u0080\u07ff\uffff',
  '😀'.repeat(20),
  '\ud800 alone',
  'ü'.repeat(3000),
])('%j has the bytes of UTF-8 and their hash', (text) => {
  const { bytes, length, hash } = keyBytesOf(text);
  const expected = encoder.encode(text);
  expect([...bytes.subarray(0, length)]).toEqual([...expected]);
  expect(hash).toBe(hashBytes(expected, 0, expected.length));
});
