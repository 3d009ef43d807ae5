/** What must hold between sources, and between the keys of one. */
import { describe, expect, test } from 'vitest';
import { configOf, mistakesOf, sourceMistakes, sourceOf } from './load-helper.js';

const TWO = 'sources:\n  - {id: a, url: "http://a/c"}\n  - {id: b, url: "https://b:8443/c?x=1"}\n';

describe('ids', () => {
  test('are unique over file and UPSTREAM_URL', () => {
    const file =
      'sources:\n  - {id: default, url: "http://a/"}\n  - {id: x, url: "http://b/"}\n  - {id: x, url: "http://c/"}\n';
    expect(mistakesOf({ file, env: { UPSTREAM_URL: 'http://u/' } })).toEqual([
      'sources[0].id: "default" is not allowed, allowed: an id of its own; UPSTREAM_URL has this one',
      'sources[2].id: "x" is not allowed, allowed: an id of its own; sources[1] has this one',
    ]);
  });
});

describe('staleness', () => {
  test('defaults to a minute or three intervals', () => {
    expect(sourceOf('interval_ms: 1000').staleMsMax).toBe(60_000);
    expect(sourceOf('interval_ms: 20000').staleMsMax).toBe(60_000);
    expect(sourceOf('interval_ms: 20001').staleMsMax).toBe(60_003);
  });
  test('0 is never; at or below interval + timeout is a mistake', () => {
    expect(sourceOf('max_stale_ms: 0').staleMsMax).toBe(0);
    expect(sourceOf('max_stale_ms: 6501').staleMsMax).toBe(6501);
    expect(sourceMistakes('max_stale_ms: 6500')).toEqual([
      'sources[0].max_stale_ms: 6500 is not allowed, allowed: 0 (never stale) or more than interval + timeout of source a (1500 + 5000)',
    ]);
  });
  test('the global setting is named when it is what is wrong', () => {
    const [line] = mistakesOf({ env: { MAX_STALE_MS: '3000' } });
    expect(line).toMatch(
      /^MAX_STALE_MS: 3000 is not allowed, allowed: 0 .* of source default \(1500 \+ 5000\)$/,
    );
  });
  test('a default that is not above interval + timeout is a mistake, too', () => {
    expect(mistakesOf({ env: { POLL_TIMEOUT_MS: '58500' } })).toEqual([
      expect.stringMatching(/^MAX_STALE_MS: 60000 /),
    ]);
    expect(mistakesOf({ env: { POLL_TIMEOUT_MS: '58499' } })).toEqual([]);
  });
  test('nothing is concluded from a value that is a mistake itself', () => {
    expect(mistakesOf({ env: { MAX_STALE_MS: '6000', POLL_TIMEOUT_MS: 'x' } })).toHaveLength(1);
  });
});

describe('a source that takes pushes', () => {
  test('has no url', () => {
    expect(configOf({ file: 'sources:\n  - {id: lab, push: true}\n' }).sources).toMatchObject([
      { id: 'lab', push: true, url: '' },
    ]);
    expect(configOf({ file: TWO }).sources.map(({ push }) => push)).toEqual([false, false]);
  });

  test.each([
    [
      'url beside push',
      '{id: a, push: true, url: "http://h/c"}',
      'sources[0].url: is not allowed beside push',
    ],
    [
      'headers beside push',
      '{id: a, push: true, headers: {x-a: b}}',
      'sources[0].headers: is not allowed beside',
    ],
    ['neither', '{id: a, push: false}', 'sources[0].url: is missing'],
    ['no id', '{push: true}', 'sources[0].id: is missing'],
  ])('%s is a mistake', (_name, entry, mistake) => {
    expect(mistakesOf({ file: `sources:\n  - ${entry}\n` })).toEqual([expect.stringContaining(mistake)]);
  });
});
