import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { loadConfig, type LoadedConfig } from '../../../src/config/load.js';
import { pem } from '../../fixtures/served-bodies.js';
import { configOf, mistakesOf } from './load-helper.js';

const DIGEST = createHash('sha256').update('secret').digest('hex');

function withFiles(env: Record<string, string>, files: Record<string, string>): LoadedConfig {
  const readFile = (path: string): string => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error('gone'), { code: 'ENOENT' });
    return text;
  };
  return loadConfig({ argv: ['serve'], env, readFile });
}

function tokens(yaml: string): LoadedConfig {
  return withFiles({ TOKENS_FILE: 't.yaml' }, { 't.yaml': yaml });
}

function mistakesIn(loaded: LoadedConfig): string {
  return loaded.ok ? '' : loaded.mistakes.join('\n');
}

describe('the bind address', () => {
  test.each(['127.0.0.1', '127.9.9.9', 'localhost', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1'])(
    '%s needs nothing',
    (METRICS_SERVER_HOST) => expect(mistakesOf({ env: { METRICS_SERVER_HOST } })).toEqual([]),
  );

  test.each(['0.0.0.0', '::', '10.0.0.1', 'example.org', '::ffff:10.0.0.1'])(
    '%s needs tokens or the flag',
    (METRICS_SERVER_HOST) => {
      const [mistake, ...more] = mistakesOf({ env: { METRICS_SERVER_HOST } });
      expect(more).toEqual([]);
      expect(mistake).toMatch(/^METRICS_SERVER_HOST: .* is open to other hosts.*TOKENS_FILE.*INSECURE=true/);
      expect(mistakesOf({ env: { METRICS_SERVER_HOST, INSECURE: 'true' } })).toEqual([]);
      expect(mistakesOf({ env: { METRICS_SERVER_HOST }, argv: ['serve', '--insecure'] })).toEqual([]);
      const env = { METRICS_SERVER_HOST, TOKENS_FILE: 't.yaml' };
      expect(withFiles(env, { 't.yaml': 'tokens: []' })).toMatchObject({ ok: true });
    },
  );

  test('record and simulate do not serve', () => {
    const env = { METRICS_SERVER_HOST: '0.0.0.0' };
    expect(mistakesOf({ env, argv: ['simulate'] })).toEqual([]);
    expect(mistakesOf({ env, argv: ['record', '--out', 'x', 'http://h/c'] })).toEqual([]);
  });
});

describe('tokens', () => {
  test('all keys', () => {
    const loaded = tokens(`tokens:
  - id: noc
    sha256: '${DIGEST.toUpperCase()}'
    scopes: [metrics:read, stream:read]
    expires: 2027-01-31T00:00:00Z
    class: important
    rate: 600/m:50
  - { id: push, sha256: '${'ab'.repeat(32)}', scopes: [ingest] }`);
    if (!loaded.ok || !('config' in loaded)) throw new Error(mistakesIn(loaded));
    expect(loaded.config.tokens).toEqual([
      {
        id: 'noc',
        sha256: DIGEST,
        scopes: ['metrics:read', 'stream:read'],
        expiresMs: Date.UTC(2027, 0, 31),
        clientClass: 'important',
        rate: { count: 600, windowMs: 60_000, burst: 50 },
      },
      {
        id: 'push',
        sha256: 'ab'.repeat(32),
        scopes: ['ingest'],
        expiresMs: null,
        clientClass: 'normal',
        rate: null,
      },
    ]);
  });

  test.each([
    ['', []],
    ['tokens:', []],
    ['tokens: []', []],
  ])('%j is no token at all', (yaml, expected) => {
    expect(tokens(yaml)).toMatchObject({ config: { tokens: expected } });
  });

  test.each([
    ['tokens: {}', /t\.yaml: is not allowed, allowed: tokens: and a list/],
    ['token: []', /t\.yaml: is not allowed/],
    ['- 1', /t\.yaml: is not allowed/],
    ['tokens: [1]', /tokens\[0\]: is not allowed, allowed: a mapping of id, sha256/],
    [`tokens: [{ id: a b, sha256: '${DIGEST}', scopes: [admin] }]`, /tokens\[0\]\.id/],
    [
      'tokens: [{ id: a, sha256: hunter2hunter2, scopes: [admin] }]',
      /tokens\[0\]\.sha256.*weft token prints/,
    ],
    [`tokens: [{ id: a, sha256: '${DIGEST}', scopes: [read] }]`, /tokens\[0\]\.scopes\[0\].*metrics:read/],
    [`tokens: [{ id: a, sha256: '${DIGEST}', scopes: [] }]`, /tokens\[0\]\.scopes/],
    [`tokens: [{ id: a, sha256: '${DIGEST}' }]`, /tokens\[0\]\.scopes/],
    [`tokens: [{ id: a, sha256: '${DIGEST}', scopes: [admin], expires: soon }]`, /\.expires.*2027-01-31/],
    [`tokens: [{ id: a, sha256: '${DIGEST}', scopes: [admin], expires: 2027-13-31 }]`, /\.expires/],
    [`tokens: [{ id: a, sha256: '${DIGEST}', scopes: [admin], rate: 5 }]`, /\.rate.*100\/s/],
    [`tokens: [{ id: a, sha256: '${DIGEST}', scopes: [admin], clas: x }]`, /\.clas: is no key.*class/],
    [
      `tokens: [{ id: a, sha256: '${DIGEST}', scopes: [admin] }, { id: b, sha256: '${DIGEST}', scopes: [admin] }]`,
      /a and b are the same token/,
    ],
    [
      `tokens: [{ id: a, sha256: '${DIGEST}', scopes: [admin] }, { id: a, sha256: '${'ab'.repeat(32)}', scopes: [admin] }]`,
      /two tokens have the id a/,
    ],
  ])('%s', (yaml, mistake) => {
    const loaded = tokens(yaml);
    expect(mistakesIn(loaded)).toMatch(mistake);
    expect(mistakesIn(loaded)).not.toContain('hunter2');
  });

  test('a file that is not there', () => {
    expect(mistakesIn(withFiles({ TOKENS_FILE: 't.yaml' }, {}))).toBe(
      't.yaml: cannot read the tokens: ENOENT',
    );
  });
});

describe('the certificate of the listener', () => {
  const env = { TLS_CERT: 'c.pem', TLS_KEY: 'k.pem' };

  test('a pair', () => {
    const loaded = withFiles(
      { ...env, TLS_MIN_VERSION: '1.3' },
      { 'c.pem': pem('server'), 'k.pem': pem('server-key') },
    );
    expect(loaded).toMatchObject({
      config: { listenerTls: { certFile: 'c.pem', keyFile: 'k.pem', minVersion: '1.3' } },
    });
    expect(loaded.ok && 'secrets' in loaded && loaded.secrets).toContain(pem('server-key'));
  });

  test.each([
    [{ TLS_CERT: 'c.pem' }, /^TLS_KEY: is missing beside TLS_CERT$/],
    [{ TLS_KEY: 'c.pem' }, /^TLS_CERT: is missing beside TLS_KEY$/],
    [{ TLS_MIN_VERSION: '1.3' }, /^TLS_MIN_VERSION: is of use with/],
    [{ ...env, TLS_MIN_VERSION: '1.1' }, /1\.1/],
    [{ ...env, TLS_KEY: 'elsewhere' }, /^TLS_KEY: is not the key of the certificate/],
    [{ ...env, TLS_CERT: 'k.pem' }, /^TLS_CERT: holds nothing that can be used/],
    [{ ...env, TLS_KEY: 'c.pem' }, /^TLS_KEY: holds nothing that can be used/],
    [{ ...env, TLS_KEY: 'gone' }, /^TLS_KEY: cannot read the file: ENOENT$/],
  ])('%j', (given, mistake) => {
    const files = { 'c.pem': pem('server'), 'k.pem': pem('server-key'), elsewhere: pem('elsewhere-key') };
    expect(mistakesIn(withFiles(given as Record<string, string>, files))).toMatch(mistake);
  });
});

describe('lists', () => {
  test('origins are exact', () => {
    const origins = 'https://noc.example,http://127.0.0.1:3000';
    expect(configOf({ env: { CORS_ORIGINS: origins } }).corsOrigins).toEqual(origins.split(','));
    for (const bad of [
      '*',
      'null',
      'https://noc.example/',
      'https://Noc.example',
      'https://*.example',
      'http://a:80',
    ]) {
      expect(mistakesOf({ env: { CORS_ORIGINS: bad } }), bad).toHaveLength(1);
    }
  });

  test('networks', () => {
    const good = '10.0.0.0/8,127.0.0.1,::1,fd00::/8';
    expect(configOf({ env: { TRUSTED_PROXIES: good } }).trustedProxies).toEqual(good.split(','));
    for (const bad of ['10.0.0.0/33', 'host', '10.0.0', 'fd00::/129', '10.0.0.0/', '1.2.3.4/08']) {
      expect(mistakesOf({ env: { TRUSTED_PROXIES: bad } }), bad).toHaveLength(1);
    }
  });

  test('rates', () => {
    expect(configOf({ env: { RATE_LIMIT: '100/s' } }).rateLimit).toEqual({
      count: 100,
      windowMs: 1000,
      burst: 100,
    });
    for (const bad of ['100', '0/s', '1/d', '-1/s', '1/s:0', '1/s:', '1.5/s']) {
      expect(mistakesOf({ env: { RATE_LIMIT: bad } }), bad).toHaveLength(1);
    }
  });
});
