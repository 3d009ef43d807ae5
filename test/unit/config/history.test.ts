import { describe, expect, test } from 'vitest';
import { configOf, mistakesOf } from './load-helper.js';

const FILE = `
sources:
  - { id: low, url: http://h/c, interval_ms: 300000 }
  - { id: high, url: http://h/d, interval_ms: 30000 }
history:
  columns: [symbol_errors, "a,b"]
  window: 130m
  rows: 23000
  max_bytes: 512MiB
`;

describe('history', () => {
  test('is off by default', () => {
    expect(configOf({})).toMatchObject({
      historyColumns: [],
      historyWindowMs: 7_800_000,
      historyRows: 40_000,
    });
  });

  test('stands in a section of the file', () => {
    expect(configOf({ file: FILE })).toMatchObject({
      historyColumns: ['symbol_errors', 'a,b'],
      historyWindowMs: 7_800_000,
      historyRows: 23_000,
      historyBytesMax: 512 * 1024 * 1024,
    });
  });

  test.each([
    ['90s', 90_000],
    ['2h', 7_200_000],
    ['1500', 1500],
    ['1500ms', 1500],
    ['1d', 86_400_000],
  ])('a window of %s is %d ms', (text, ms) => {
    expect(configOf({ env: { HISTORY_WINDOW: text } }).historyWindowMs).toBe(ms);
  });

  test('comes from flags and environment too', () => {
    const env = { HISTORY_COLUMNS: 'a,b', HISTORY_ROWS: '64', HISTORY_WINDOW: '12m' };
    const config = configOf({ argv: ['serve', '--history-bytes', '64MiB'], env });
    expect(config).toMatchObject({
      historyColumns: ['a', 'b'],
      historyRows: 64,
      historyBytesMax: 64 * 1024 * 1024,
    });
    expect(configOf({ env: { HISTORY_COLUMNS: '' }, file: FILE }).historyColumns).toEqual([]);
  });

  test('what may not fit is refused, with the arithmetic and the knobs', () => {
    const env = { HISTORY_COLUMNS: 'a,b' };
    const [line, ...others] = mistakesOf({ file: FILE, env: { ...env, HISTORY_BYTES: '100MiB' } });
    expect(others).toEqual([]);
    expect(line).toMatch(
      /^HISTORY_BYTES: 100MiB is too little for the history: \(2 columns \+ the row time\)/,
    );
    expect(line).toMatch(/x 23000 rows x 260 samples \(130m \/ 30s\) x up to 8\.5625 bytes/);
    expect(line).toMatch(
      /is \d+MiB; raise HISTORY_BYTES, or lower HISTORY_COLUMNS, HISTORY_ROWS or HISTORY_WINDOW/,
    );
    const need = Number(/is (\d+)MiB; raise/.exec(line!)![1]);
    expect(mistakesOf({ file: FILE, env: { ...env, HISTORY_BYTES: `${need}MiB` } })).toEqual([]);
    expect(mistakesOf({ file: FILE, env: { ...env, HISTORY_BYTES: `${need - 1}MiB` } })).toHaveLength(1);
  });

  test('without columns no window is too large', () => {
    expect(mistakesOf({ env: { HISTORY_WINDOW: '31d', HISTORY_BYTES: '1MiB' } })).toEqual([]);
  });

  test.each([
    ['history: { columns: symbol_errors, windw: 1h }', /^history\.windw: is no key .*history\.window/],
    [
      'history: [a]',
      /^history: a list is not allowed, allowed: a mapping with any of columns, window, rows, max_bytes/,
    ],
    [
      'history: { window: soon }',
      /^history\.window: "soon" is not allowed, allowed: a duration from 1s to 31d/,
    ],
    [
      'history: { columns: [a, a] }',
      /^history\.columns: a list is not allowed, allowed: up to 256 different names/,
    ],
    ['history.window: 1h', /^history\.window: is no key of the configuration file/],
  ])('%s', (file, message) => {
    expect(mistakesOf({ file }).join(', ')).toMatch(message);
  });
});
