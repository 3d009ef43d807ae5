import { expect, it } from 'vitest';
import { HeaderBlock, headerLines, headerName } from '../../../src/server/header-block.js';
import { clientRequestId, RequestIds } from '../../../src/server/request-ids.js';
import { seededRandom } from '../../fixtures/fake-clock.js';

function textOf(block: HeaderBlock): string {
  return Buffer.from(block.view()).toString('latin1');
}

it('writes one value after the other', () => {
  const block = new HeaderBlock();
  block.begin();
  block.text('id');
  block.append(headerLines({ A: 'b', C: 'd' }));
  block.append(headerName('N'));
  block.uint(1_767_225_600_000);
  expect(textOf(block)).toBe('id\r\nA: b\r\nC: d\r\nN: 1767225600000');
});

it('writes every number as String does', () => {
  const block = new HeaderBlock();
  for (const value of [0, 7, 9, 10, 11, 99, 100, 12_345, 2 ** 31, 2 ** 53 - 1]) {
    block.begin();
    block.uint(value);
    expect(textOf(block)).toBe(String(value));
    block.begin();
    block.base36(value);
    expect(textOf(block)).toBe(value.toString(36));
  }
});

it.each(['a\r\nSet-Cookie: x', 'tab\t', 'umlaut ä', '\0'])('refuses %j as a value', (value) => {
  const block = new HeaderBlock();
  block.begin();
  expect(() => block.text(value)).toThrow(/BUG: a header value/);
});

it('refuses to grow beyond its bytes', () => {
  const block = new HeaderBlock();
  block.begin();
  expect(() => block.text('x'.repeat(9000))).toThrow(/BUG: response headers/);
});

it('gives ids that differ, written as they are told', () => {
  const ids = new RequestIds(seededRandom(1));
  const block = new HeaderBlock();
  const seen = new Set<string>();
  for (let i = 0; i < 100; i++) {
    const id = ids.next();
    block.begin();
    ids.write(block, id);
    expect(textOf(block)).toBe(ids.text(id));
    expect(clientRequestId(ids.text(id))).toBe(ids.text(id));
    seen.add(ids.text(id));
  }
  expect(seen.size).toBe(100);
});

it.each(['', 'a b', 'a\r\nb', 'ä', 'x'.repeat(65), 'a,b'])('takes no client id like %j', (header) => {
  expect(clientRequestId(header)).toBeUndefined();
});
