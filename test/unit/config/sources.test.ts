import { describe, expect, test } from 'vitest';
import { SOURCE_KEYS } from '../../../src/config/source-keys.js';
import { DEFAULT_PARSE_POLICY } from '../../../src/model/parse-policy.js';
import { configOf, mistakesOf, sourceMistakes, sourceOf } from './load-helper.js';

const TWO = 'sources:\n  - {id: a, url: "http://a/c"}\n  - {id: b, url: "https://b:8443/c?x=1"}\n';
const ids = (given: Parameters<typeof configOf>[0]): readonly string[] =>
  configOf(given).sources.map(({ id }) => id);

describe('where sources come from', () => {
  test('UPSTREAM_URL: one is called default, several source-n', () => {
    expect(configOf({ env: { UPSTREAM_URL: 'http://x:1/c' } })).toMatchObject({
      defaultUpstream: false,
      sources: [{ id: 'default', url: 'http://x:1/c' }],
    });
    expect(configOf({ env: { UPSTREAM_URL: 'http://x/1, https://y/2' } }).sources).toMatchObject([
      { id: 'source-1', url: 'http://x/1' },
      { id: 'source-2', url: 'https://y/2' },
    ]);
  });
  test('the file alone when UPSTREAM_URL is not set, or set but empty', () => {
    expect(ids({ file: TWO })).toEqual(['a', 'b']);
    expect(ids({ file: TWO, env: { UPSTREAM_URL: '' } })).toEqual(['a', 'b']);
    expect(
      ids({ argv: ['serve', '--upstream-url='], env: { UPSTREAM_URL: 'http://x/c' }, file: TWO }),
    ).toEqual(['a', 'b']);
  });
  test('both when both are given', () => {
    expect(ids({ file: TWO, env: { UPSTREAM_URL: 'http://x/c' } })).toEqual(['default', 'a', 'b']);
  });
  test('the default when there is neither', () => {
    expect(configOf({ file: 'sources: []\n' })).toMatchObject({
      defaultUpstream: true,
      sources: [{ id: 'default' }],
    });
    expect(configOf({ file: 'sources:\n' }).defaultUpstream).toBe(true);
  });
  test('none at all is a mistake', () => {
    expect(mistakesOf({ env: { UPSTREAM_URL: '' } })).toHaveLength(1);
  });
  test('demo polls its own simulator, wherever that listens', () => {
    const url = (env: Record<string, string>): string => configOf({ argv: ['demo'], env }).sources[0]!.url;
    expect(url({ GENERATOR_PORT: '9100' })).toBe('http://127.0.0.1:9100/counters');
    expect(url({ GENERATOR_HOST: '0.0.0.0' })).toBe('http://127.0.0.1:9001/counters');
    expect(url({ GENERATOR_HOST: '::' })).toBe('http://[::1]:9001/counters');
  });
});

describe('one source', () => {
  test('reads every key', () => {
    const source = sourceOf(
      `interval_ms: 30000
timeout_ms: 10000
max_stale_ms: 90000
max_body_bytes: 1MiB
max_decoded_bytes: 2097152
key: [node_guid, port_num]
time: timestamp
text: [source_id]
missing: ["N/A", "-1"]
units: { temperature: C, __proto__: V }
headers: { Authorization: "Bearer \${TOKEN}", X-Site: lab }
ragged: drop
duplicate_rows: last
duplicate_columns: suffix
schema_change: reject
require_final_newline: false
allow_empty: true
delimiter: ";"
guid_keys: as_is
rename: { a: b, __proto__: c }
drop: [x, "hist*"]
alias: { tx: PortXmitDataExtended }`,
      { TOKEN: 'abc123' },
    );
    expect(source).toMatchObject({
      id: 'a',
      url: 'http://h/c',
      intervalMs: 30_000,
      timeoutMs: 10_000,
      staleMsMax: 90_000,
      bodyBytesMax: 1024 * 1024,
      decodedBytesMax: 2 * 1024 * 1024,
      headers: { authorization: 'Bearer abc123', 'x-site': 'lab' },
    });
    expect(source.parse).toMatchObject({
      key: ['node_guid', 'port_num'],
      time: 'timestamp',
      text: ['source_id'],
      missing: ['N/A', '-1'],
      ragged: 'drop',
      duplicateRows: 'last',
      duplicateColumns: 'suffix',
      schemaChange: 'reject',
      requireFinalNewline: false,
      allowEmpty: true,
      delimiter: ';',
      xdrKey: false,
      guidKeys: 'as_is',
      drop: ['x', 'hist*'],
      alias: { tx: 'PortXmitDataExtended' },
    });
    expect(Object.entries(source.parse.rename)).toEqual([
      ['a', 'b'],
      ['__proto__', 'c'],
    ]);
    expect(Object.entries(source.parse.units)).toEqual([
      ['temperature', 'C'],
      ['__proto__', 'V'],
    ]);
  });
  test('key: xdr stands for a rule, a list for columns', () => {
    expect(sourceOf('key: xdr').parse).toMatchObject({ key: null, xdrKey: true });
    expect(sourceOf('key: [xdr]').parse).toMatchObject({ key: ['xdr'], xdrKey: false });
  });
  test('takes the global options where it says nothing', () => {
    const file =
      'poll_ms: 20000\nmax_body_bytes: 2KiB\nsources:\n  - {id: a, url: "http://h/c", time: null}\n';
    expect(configOf({ file, env: { POLL_TIMEOUT_MS: '700' } }).sources[0]).toMatchObject({
      intervalMs: 20_000,
      timeoutMs: 700,
      staleMsMax: 60_000,
      bodyBytesMax: 2048,
      parse: DEFAULT_PARSE_POLICY,
    });
  });
  test('has id and url', () => {
    expect(mistakesOf({ file: 'sources:\n  - {}\n  - text\n  - 7\n' })).toEqual([
      'sources[0].id: is missing, allowed: 1 to 64 letters, digits, dots, underscores and dashes',
      expect.stringContaining('sources[0].url: is missing, allowed: an absolute http:// or https:// URL'),
      'sources[1]: "text" is not allowed, allowed: a mapping of source keys',
      'sources[2]: 7 is not allowed, allowed: a mapping of source keys',
    ]);
  });
  test('has no key that weft does not know', () => {
    expect(sourceMistakes('interval: 5\nragedd: drop\ncolour: red')).toEqual([
      'sources[0].interval: is no key of a source (did you mean interval_ms?)',
      'sources[0].ragedd: is no key of a source (did you mean ragged?)',
      'sources[0].colour: is no key of a source',
    ]);
  });
  test.each([
    ['id: "a b"', 'sources[0].id'],
    [`id: ${'x'.repeat(65)}`, 'sources[0].id'],
    ['id: 5', 'sources[0].id'],
    ['interval_ms: 9', 'sources[0].interval_ms'],
    ['interval_ms: 1.5', 'sources[0].interval_ms'],
    ['interval_ms: .inf', 'sources[0].interval_ms'],
    ['timeout_ms: "5s"', 'sources[0].timeout_ms'],
    ['max_stale_ms: -1', 'sources[0].max_stale_ms'],
    ['max_body_bytes: 2GiB', 'sources[0].max_body_bytes'],
    ['max_decoded_bytes: 2147483648', 'sources[0].max_decoded_bytes'],
    ['key: node_guid', 'sources[0].key'],
    ['key: [a, a]', 'sources[0].key'],
    ['key: [a, 5]', 'sources[0].key[1]'],
    ['key: [a, ""]', 'sources[0].key[1]'],
    ['key: XDR', 'sources[0].key'],
    ['guid_keys: keep', 'sources[0].guid_keys'],
    ['rename: [a]', 'sources[0].rename'],
    ['rename: {a: 5}', 'sources[0].rename.a'],
    ['rename: {a: ""}', 'sources[0].rename.a'],
    ['drop: a', 'sources[0].drop'],
    ['drop: [5]', 'sources[0].drop[0]'],
    ['alias: {"": a}', 'sources[0].alias.'],
    ['alias: {a: [b]}', 'sources[0].alias.a'],
    ['time: ""', 'sources[0].time'],
    ['text: {a: b}', 'sources[0].text'],
    ['missing: [0]', 'sources[0].missing[0]'],
    ['missing: [null]', 'sources[0].missing[0]'],
    ['units: [C]', 'sources[0].units'],
    ['units: {t: 5}', 'sources[0].units.t'],
    ['units: {t: ""}', 'sources[0].units.t'],
    ['headers: x', 'sources[0].headers'],
    ['headers: {a b: x}', 'sources[0].headers.a b'],
    ['headers: {x: 5}', 'sources[0].headers.x'],
    ['headers: {x: "a\\r\\nb: c"}', 'sources[0].headers.x'],
    ['headers: {If-None-Match: x}', 'sources[0].headers.If-None-Match'],
    ['headers: {Content-Length: "3"}', 'sources[0].headers.Content-Length'],
    ['headers: {X: a, x: b}', 'sources[0].headers.x'],
    ['ragged: last', 'sources[0].ragged'],
    ['duplicate_rows: drop', 'sources[0].duplicate_rows'],
    ['duplicate_columns: last', 'sources[0].duplicate_columns'],
    ['schema_change: maybe', 'sources[0].schema_change'],
    ['require_final_newline: "yes"', 'sources[0].require_final_newline'],
    ['allow_empty: 1', 'sources[0].allow_empty'],
    ['delimiter: ":"', 'sources[0].delimiter'],
    ['delimiter: ";;"', 'sources[0].delimiter'],
  ])('%s is refused where it stands, saying what is allowed', (yaml, where) => {
    const mistakes = sourceMistakes(yaml);
    expect(mistakes.map((line) => line.slice(0, line.indexOf(': ')))).toEqual([where]);
    expect(mistakes[0]).toContain('allowed: ');
  });
  test('each key of the table has a default text and says what is allowed', () => {
    for (const spec of Object.values(SOURCE_KEYS)) {
      expect(spec.kind.allowed).not.toBe('');
      expect(spec.defaultText).not.toBe('');
    }
  });
  test('what is wrong with one source does not hide what is wrong with another', () => {
    const file =
      'sources:\n  - {id: a, url: nope, ragged: x}\n  - {id: b, url: "http://b/", max_stale_ms: 5}\n';
    expect(mistakesOf({ file }).map((line) => line.slice(0, line.indexOf(': ')))).toEqual([
      'sources[0].url',
      'sources[0].ragged',
      'sources[1].max_stale_ms',
    ]);
  });
});
