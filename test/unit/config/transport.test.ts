/** Shards, unix sockets and TLS of a source: what they become, and every way to get them wrong. */
import { describe, expect, test } from 'vitest';
import { loadConfig, type LoadedConfig } from '../../../src/config/load.js';
import { Redactor } from '../../../src/model/redact.js';
import { pem } from '../../fixtures/served-bodies.js';
import { configOf, mistakesOf, sourceMistakes } from './load-helper.js';

const sourcesOf = (file: string) => configOf({ file }).sources;

/** A source at https://h/c with that `tls:`; files are those of test/fixtures/tls, and some bad ones. */
function withTls(tls: string, url = 'https://h/c'): LoadedConfig {
  const files: Record<string, string> = {
    'weft.yaml': `sources:\n  - {id: a, url: "${url}", tls: ${tls}}\n`,
    empty: '',
    broken: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    locked: '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n',
  };
  const readFile = (path: string): string => files[path] ?? pem(path);
  return loadConfig({ argv: ['serve', '--config', 'weft.yaml'], env: {}, readFile });
}

const tlsMistakes = (tls: string, url?: string): readonly string[] => {
  const loaded = withTls(tls, url);
  return loaded.ok ? [] : loaded.mistakes;
};

describe('shards', () => {
  test('one source becomes several', () => {
    const file = 'sources:\n  - {id: a, url: "http://h/c?port_type__in__1", shards: 3, interval_ms: 20000}\n';
    expect(sourcesOf(file).map(({ id, url, intervalMs }) => [id, url, intervalMs])).toEqual(
      [0, 1, 2].map((k) => [
        `a.${k}`,
        `http://h/c?port_type__in__1&num_shards=3&shard=${k}&sharding_field=port_guid`,
        20_000,
      ]),
    );
    const other = 'sources:\n  - {id: a, url: "unix:/x.sock:/c", shards: 1, sharding_field: "a b&c"}\n';
    expect(sourcesOf(other)).toMatchObject([
      {
        id: 'a.0',
        url: 'http://localhost/c?num_shards=1&shard=0&sharding_field=a%20b%26c',
        socketPath: '/x.sock',
      },
    ]);
  });

  test.each([
    ['url: "http://h/c?shard=1&num_shards=2"\nshards: 4', 'sources[0].url: says num_shards, shard already'],
    ['sharding_field: x', 'sources[0].sharding_field: is of no use without shards'],
    ['shards: 0', 'sources[0].shards: 0 is not allowed'],
    ['shards: 1025', 'sources[0].shards: 1025 is not allowed'],
    [`id: ${'x'.repeat(63)}\nshards: 2`, 'sources[0].id: '],
    ['url: "file:///x.csv"\nshards: 2', 'sources[0].shards: is of use with an http:// or https:// URL only'],
  ])('%j is a mistake', (yaml, start) => {
    const mistakes = sourceMistakes(yaml);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toContain(start);
  });

  test('limits and ids hold after the expansion', () => {
    const two =
      'sources:\n  - {id: a, url: "http://h/", shards: 1000}\n  - {id: b, url: "http://h/", shards: 25}\n';
    expect(mistakesOf({ file: two })).toEqual([
      'sources: 1025 are not allowed, shards counted, allowed: up to 1024',
    ]);
    const same = 'sources:\n  - {id: a, url: "http://h/", shards: 2}\n  - {id: a.1, url: "http://h/"}\n';
    expect(mistakesOf({ file: same })).toEqual([
      'sources[1].id: "a.1" is not allowed, allowed: an id of its own; sources[0] has this one',
    ]);
  });

  test('a mistake of the entry is named once', () => {
    expect(sourceMistakes('shards: 8\nmax_stale_ms: 5')).toHaveLength(1);
  });
});

describe('unix sockets', () => {
  test('in the url, or beside it', () => {
    const file =
      'sources:\n  - {id: a, url: "unix:/run/x.sock:/csv/m?q=1"}\n  - {id: b, url: "https://h/c", unix: /run/y.sock}\n';
    expect(sourcesOf(file)).toMatchObject([
      { url: 'http://localhost/csv/m?q=1', socketPath: '/run/x.sock' },
      { url: 'https://h/c', socketPath: '/run/y.sock' },
    ]);
    expect(configOf({ env: { UPSTREAM_URL: 'unix:/run/x.sock:/c' } }).sources).toMatchObject([
      { url: 'http://localhost/c', socketPath: '/run/x.sock' },
    ]);
    expect(sourcesOf('sources:\n  - {id: a, url: "http://h/"}\n')[0]).not.toHaveProperty('socketPath');
  });

  test.each(['run/x.sock', `/${'x'.repeat(107)}`, '/a:b', '/a\\nb', ''])('%j is no socket', (path) => {
    expect(sourceMistakes(`unix: "${path}"`)[0]).toMatch(/^sources\[0\]\.unix: /);
  });

  test('twice is a mistake', () => {
    expect(sourceMistakes('url: "unix:/x.sock:/c"\nunix: /y.sock')).toEqual([
      'sources[0].unix: is said twice: the url names a unix socket, too',
    ]);
  });
});

describe('tls', () => {
  test('reads its files', () => {
    const loaded = withTls('{ca: ca, cert: client, key: client-key, servername: telemetry.test}');
    expect(loaded).toMatchObject({
      ok: true,
      config: {
        sources: [
          {
            tls: {
              ca: pem('ca'),
              cert: pem('client'),
              key: pem('client-key'),
              servername: 'telemetry.test',
              insecure: false,
            },
          },
        ],
      },
    });
  });

  test('the private key is a secret, whole and in lines', () => {
    const loaded = withTls('{cert: client, key: client-key}');
    if (!loaded.ok || !('secrets' in loaded)) throw new Error('not loaded');
    const redactor = new Redactor(loaded.secrets);
    const key = pem('client-key');
    for (const text of [key, key.split('\n')[1]!, JSON.stringify({ key })]) {
      expect(redactor.text(text)).not.toContain(key.split('\n')[1]);
    }
  });

  test.each([
    ['{ca: nowhere}', 'sources[0].tls.ca: cannot read the file: ENOENT'],
    ['{ca: empty}', 'sources[0].tls.ca: holds no certificate'],
    ['{ca: broken}', 'sources[0].tls.ca: holds a certificate that cannot be read'],
    ['{cert: client}', 'sources[0].tls.key: is missing beside cert'],
    ['{key: client-key}', 'sources[0].tls.cert: is missing beside key'],
    ['{cert: client, key: server-key}', 'sources[0].tls.key: is not the key of the certificate in cert'],
    ['{cert: client, key: locked}', 'sources[0].tls.key: is locked by a passphrase'],
    ['{cert: client, key: client}', 'sources[0].tls.key: holds no private key that can be read'],
    ['{insecure: maybe}', 'sources[0].tls.insecure: is not allowed'],
    ['{cacert: ca}', 'sources[0].tls.cacert: is no key of tls'],
    ['[ca]', 'sources[0].tls: is not allowed, allowed: a mapping of ca, cert, key, servername, insecure'],
  ])('%s is a mistake that names the key', (tls, start) => {
    const mistakes = tlsMistakes(tls);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toContain(start);
  });

  test('with http:// is a mistake', () => {
    expect(tlsMistakes('{insecure: true}', 'http://h/c')).toEqual([
      'sources[0].tls: is of use with an https:// URL only',
    ]);
  });

  test('a key that is pasted in place of its path is not shown', () => {
    for (const pasted of [pem('client-key'), pem('client-key').replaceAll('\n', ' ')]) {
      const mistakes = tlsMistakes(`{cert: client, key: ${JSON.stringify(pasted)}}`).join('\n');
      expect(mistakes).toMatch(/sources\[0\]\.tls\.key: /);
      expect(mistakes).not.toContain('PRIVATE');
    }
  });
});

test('a stale limit is judged although a default that does not matter to it is wrong', () => {
  const file =
    'sources:\n  - {id: a, url: "http://h/", max_stale_ms: 5, interval_ms: 1000, timeout_ms: 1000}\n';
  const mistakes = mistakesOf({ file, env: { POLL_MS: 'x', MAX_STALE_MS: '-1' } });
  expect(mistakes).toHaveLength(3);
  expect(mistakes.join('\n')).toContain('sources[0].max_stale_ms: 5 is not allowed');
});
