import { describe, expect, test } from 'vitest';
import { load, mistakesOf, sourceMistakes, sourceOf } from './load-helper.js';

describe('urls', () => {
  test.each([
    'ftp://h/c',
    'h/c',
    '//h/c',
    'http:h/c',
    'http://',
    'http:///c',
    'http://h:0/',
    'http://h:70000/',
    'http://h/#x',
    'http://h/#',
    'http://h /c',
    'http://h\\c',
    'unix:/run/x.sock',
    'unix:run/x.sock:/c',
    'unix:/run/x.sock:c',
    `unix:/${'x'.repeat(107)}:/c`,
    'unix:/run/x.sock:/c#y',
    'http://${HOST}/c',
    'http://[::1',
    `http://h/${'x'.repeat(5000)}`,
  ])('%s is refused', (url) => {
    const mistakes = sourceMistakes(`url: ${JSON.stringify(url)}`);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toMatch(/^sources\[0\]\.url: .*allowed: an absolute http/);
  });
  test.each([
    'http://h/',
    'https://[::1]:8443/c?a=b',
    'HTTP://H:80/c',
    'http://h/csv/xcset/low_freq_debug?a__in__1__2',
  ])('%s is accepted', (url) => expect(sourceOf(`url: ${JSON.stringify(url)}`).url).toBe(new URL(url).href));
  test.each([
    'http://user:hunter2@h/c',
    'http://hunter2@h/',
    'http:u:hunter2@h',
    'http://@h/',
    'ftp://u:hunter2@h/#',
  ])('%s is refused without showing the password', (url) => {
    const own = sourceMistakes(`url: ${JSON.stringify(url)}`);
    const env = mistakesOf({ env: { UPSTREAM_URL: `http://ok/,${url}` } });
    expect(own.length + env.length).toBe(2);
    expect([...own, ...env].join('\n')).not.toContain('hunter2');
  });
  test('an empty part of UPSTREAM_URL is a mistake', () => {
    expect(mistakesOf({ env: { UPSTREAM_URL: 'http://x/,' } })).toHaveLength(1);
  });
});

describe('header references', () => {
  const yaml = 'headers: { Authorization: "Bearer ${TOKEN}", X-Two: "${A}-${B}" }';
  test('are resolved from the environment, and handed out as secrets', () => {
    const file = `sources:\n  - {id: a, url: "http://h/", ${yaml}}\n`;
    const loaded = load({ file, env: { TOKEN: 'tok-1', A: 'aa-1', B: 'bb-1' } });
    expect(loaded).toMatchObject({ ok: true, config: { sources: [{ headers: { 'x-two': 'aa-1-bb-1' } }] } });
    expect(loaded.ok && 'secrets' in loaded && loaded.secrets).toEqual(
      expect.arrayContaining(['tok-1', 'aa-1', 'bb-1']),
    );
  });
  test('that are missing are mistakes, one each, and never printed', () => {
    expect(sourceMistakes(yaml, { TOKEN: 'tok-1\nx', A: '' })).toEqual([
      'sources[0].headers.authorization: ${TOKEN} holds a line break or another character that no header may carry',
      'sources[0].headers.x-two: names ${A}, which is not set in the environment',
      'sources[0].headers.x-two: names ${B}, which is not set in the environment',
    ]);
    expect(sourceMistakes(yaml, { TOKEN: 'tok-1\nx' }).join()).not.toContain('tok-1');
  });
  test('must be well formed', () => {
    for (const value of ['${TOKEN', '${}', '${A B}', '${1A}']) {
      expect(sourceMistakes(`headers: { x: "${value}" }`, { TOKEN: 't' })[0]).toContain(
        'sources[0].headers.x: holds a ${',
      );
    }
  });
  test('what stands literally in an Authorization header is a secret, too', () => {
    const loaded = load({
      file: 'sources:\n  - {id: a, url: "http://h/", headers: {Authorization: Bearer lit-77}}\n',
    });
    expect(loaded.ok && 'secrets' in loaded && loaded.secrets).toEqual(['Bearer lit-77', 'lit-77']);
  });
  test('a bad header value is not shown', () => {
    for (const header of [
      'Authorization: "Bearer s3cr3t\\r\\nX: y"',
      'X-Site: "s3cr3t\\r\\n"',
      'Upgrade: s3cr3t',
    ]) {
      const mistakes = sourceMistakes(`headers: { ${header} }`);
      expect(mistakes).toHaveLength(1);
      expect(mistakes[0]).not.toContain('s3cr3t');
    }
  });
});
