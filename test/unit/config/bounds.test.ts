import { describe, expect, test } from 'vitest';
import { configOf, mistakesOf } from './load-helper.js';

const MIB = 1024 * 1024;

describe('bounds', () => {
  const f = (env: Record<string, string>, ok: boolean, argv = ['demo']): void => {
    expect(mistakesOf({ argv, env }).length === 0, JSON.stringify(env)).toBe(ok);
  };
  test('ports', () => {
    for (const name of ['METRICS_SERVER_PORT', 'GENERATOR_PORT']) {
      for (const good of ['0', '1', '65535']) f({ [name]: good }, true);
      for (const bad of ['-1', '65536', '70000', 'abc', '', ' 80', '80.5', '0x50', '1e3', '+80', '８０']) {
        f({ [name]: bad }, false);
      }
    }
  });
  test('times', () => {
    f({ POLL_MS: '10' }, true);
    f({ POLL_MS: '9' }, false);
    f({ POLL_MS: '86400000' }, true);
    f({ POLL_MS: '86400001' }, false);
    f({ POLL_TIMEOUT_MS: '9' }, false);
    f({ POLL_TIMEOUT_MS: '3600000', MAX_STALE_MS: '0' }, true);
    f({ SLOW_CLIENT_MS: '9' }, false);
    f({ PARSE_TIMEOUT_MS: '9' }, false);
    f({ SHUTDOWN_TIMEOUT_MS: '0' }, true);
    f({ DATA_INTERVAL_SEC: '0' }, false);
    f({ DATA_INTERVAL_SEC: '1' }, true);
  });
  test('counts', () => {
    f({ DATA_SWITCHES: '0' }, false);
    f({ DATA_SWITCHES: '1' }, true);
    f({ DATA_SWITCHES: '200000' }, true);
    f({ DATA_SWITCHES: '200001' }, false);
    f({ WORKERS: '0' }, false);
    f({ WORKERS: '64' }, true);
    f({ WORKERS: '65' }, false);
    f({ SUBSCRIPTIONS_MAX: '0' }, false);
    f({ CONNECTIONS_MAX: '0' }, true);
    f({ FAULT_500_PCT: '100' }, true);
    f({ FAULT_500_PCT: '101' }, false);
    f({ MAX_FRAME_CELLS: '0' }, false);
    f({ GENERATOR_SEED: '2147483647' }, true);
    f({ GENERATOR_SEED: '2147483648' }, false);
  });
  test('sizes', () => {
    f({ MAX_BODY_BYTES: '2147483647' }, true);
    f({ MAX_BODY_BYTES: '2147483648' }, false);
    f({ MAX_DECODED_BYTES: '2GiB' }, false);
    f({ MAX_DECODED_BYTES: '1GiB' }, true);
    f({ MAX_BODY_BYTES: '1023' }, false);
    f({ BODY_CACHE_BYTES: '0' }, true);
    for (const bad of ['256MB', '256M', '1.5GiB', '-1', '', 'MiB', '1 000', '1TiB'])
      f({ BODY_CACHE_BYTES: bad }, false);
    expect(configOf({ env: { BODY_CACHE_BYTES: '3MiB' } }).bodyCacheBytes).toBe(3 * MIB);
    expect(configOf({ env: { BODY_CACHE_BYTES: '3 kib' } }).bodyCacheBytes).toBe(3072);
    expect(configOf({ env: { BODY_CACHE_BYTES: '77' } }).bodyCacheBytes).toBe(77);
  });
  test('choices, in any case', () => {
    expect(configOf({ env: { LOG_LEVEL: 'INFO', DEFAULT_DIALECT: 'Page' } })).toMatchObject({
      logLevel: 'info',
      defaultDialect: 'page',
    });
    f({ LOG_LEVEL: 'verbose' }, false);
    f({ DEFAULT_DIALECT: 'ufm' }, false);
    f({ GENERATOR_DIALECT: 'ufm' }, true);
    f({ ACCESS_LOG: 'some' }, false);
  });
  test('hosts', () => {
    for (const good of ['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost', 'fe80::1%eth0'])
      f({ GENERATOR_HOST: good }, true);
    for (const bad of ['', 'a b', 'http://x', 'a/b', 'h\n']) f({ METRICS_SERVER_HOST: bad }, false);
  });
});
