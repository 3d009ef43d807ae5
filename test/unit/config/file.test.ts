import { describe, expect, test } from 'vitest';
import { configOf, mistakesOf } from './load-helper.js';

describe('the file', () => {
  test('may be empty', () => {
    for (const file of ['', '# nothing\n', '---\n', 'null\n', '{}\n', 'poll_ms:\n']) {
      expect(configOf({ file }).pollMs).toBe(1500);
    }
  });
  test('takes numbers and their text alike, sizes with units', () => {
    expect(
      configOf({ file: 'poll_ms: "1600"\nmax_list_bytes: 1MiB\nbody_cache_bytes: 7\nlog_level: WARN\n' }),
    ).toMatchObject({
      pollMs: 1600,
      listBytesMax: 1024 * 1024,
      bodyCacheBytes: 7,
      logLevel: 'warn',
    });
  });
  test('must be a mapping', () => {
    for (const file of ['- a\n', 'text\n', '5\n']) expect(mistakesOf({ file })).toHaveLength(1);
    expect(mistakesOf({ file: 'sources: 5\n' })).toEqual([
      'sources: 5 is not allowed, allowed: a list of sources, each with id and url',
    ]);
    expect(mistakesOf({ file: 'poll_ms: [1]\nlog_level: {a: 1}\n' })).toEqual([
      'poll_ms: a list is not allowed, allowed: a whole number from 10 to 86400000 (ms)',
      expect.stringMatching(/^log_level: a mapping is not allowed/),
    ]);
  });
  test('that is not YAML is refused with line and column, without quoting its lines', () => {
    const mistakes = mistakesOf({ file: 'a: [\nheaders: {Authorization: Bearer s3cr3t\n  b: "x\n' });
    expect(mistakes.length).toBeGreaterThan(0);
    for (const line of mistakes) expect(line).toMatch(/^weft\.yaml:\d+:\d+: is not YAML: /);
    expect(mistakes.join()).not.toContain('s3cr3t');
  });
  test('has each key once', () => {
    expect(mistakesOf({ file: 'poll_ms: 20\npoll_ms: 30\n' })).toEqual([
      expect.stringMatching(/^weft\.yaml:2:1: is not YAML: Map keys must be unique/),
    ]);
  });
  test('says where upstream_url and unknown keys belong', () => {
    expect(mistakesOf({ file: 'upstream_url: http://x/\nPOLL_MS: 5\nsource: []\n' })).toEqual([
      'upstream_url: is no key of the configuration file (list the endpoints under sources)',
      'POLL_MS: is no key of the configuration file (did you mean poll_ms?)',
      'source: is no key of the configuration file (did you mean sources?)',
    ]);
  });
  test('with exploding aliases or of absurd length is refused', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]'];
    for (let i = 0; i < 8; i++) {
      const name = String.fromCharCode(98 + i);
      const before = String.fromCharCode(97 + i);
      bomb.push(`${name}: &${name} [${Array(10).fill(`*${before}`).join(',')}]`);
    }
    expect(mistakesOf({ file: bomb.join('\n') })[0]).toMatch(/^weft\.yaml: is not usable YAML/);
    expect(mistakesOf({ file: `#${'x'.repeat(4 * 1024 * 1024)}` })[0]).toContain('longer than');
  });
  test('has odd names as plain data', () => {
    expect(mistakesOf({ file: '__proto__: {poll_ms: 5}\nconstructor: 1\n' })).toHaveLength(2);
    expect(({} as Record<string, unknown>)['poll_ms']).toBeUndefined();
  });
});
