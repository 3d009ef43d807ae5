import { describe, expect, test } from 'vitest';
import { formatLine, parseLine } from '../../../src/recording/index-line.js';

const LINE = {
  source: 'fabric-a',
  url: 'http://h/c',
  received_at_ms: 1_700_000_000_000,
  fetch_ms: 1.25,
  outcome: 'ok',
  status: 200,
  message: null,
  snapshot_ts_ms: 1_700_000_000_000,
  content_type: 'text/csv',
  headers: { etag: '"x"' },
  file: 'bodies/fabric-a-00000001.csv',
  bytes: 12,
  stored_bytes: 12,
  sha256: 'a'.repeat(64),
} as const;

describe('a line of the index', () => {
  test('is read as it was written', () => {
    const text = formatLine(LINE);
    expect(text.endsWith('}\n')).toBe(true);
    expect(parseLine(text.trimEnd())).toEqual({ format: 1, ...LINE });
  });
  test.each([
    ['{"format":1,"source":"fab', 'not JSON'],
    ['[]', 'no JSON object'],
    [JSON.stringify({ ...LINE, format: 2 }), 'format is 2'],
    [JSON.stringify(LINE), 'format is undefined'],
  ])('%s is refused', (text, why) => expect(parseLine(text)).toContain(why));
  test.each([
    ['source', '../x'],
    ['source', null],
    ['received_at_ms', '1'],
    ['outcome', 'fine'],
    ['status', 20_000],
    ['headers', { etag: 1 }],
    ['file', '/etc/passwd'],
    ['file', 'bodies/../../etc/passwd'],
    ['file', 'bodies/..'],
    ['bytes', -1],
    ['sha256', 'x'],
  ])('%s %j is refused', (name, value) => {
    expect(parseLine(JSON.stringify({ format: 1, ...LINE, [name]: value }))).toContain(`its ${name} is`);
  });
  test('a file has a size and a digest, and these have a file', () => {
    for (const part of [{ sha256: null }, { bytes: null }, { file: null }]) {
      expect(parseLine(JSON.stringify({ format: 1, ...LINE, ...part }))).toContain('without');
    }
  });
});
