import { describe, expect, test } from 'vitest';
import { configOf, load, mistakesOf } from './load-helper.js';

describe('flags', () => {
  test('take their value as the next word or after =', () => {
    expect(configOf({ argv: ['serve', '--poll-ms', '1700'] }).pollMs).toBe(1700);
    expect(configOf({ argv: ['serve', '--poll-ms=1800'] }).pollMs).toBe(1800);
    expect(configOf({ argv: ['--poll-ms', '1900', 'serve'] }).pollMs).toBe(1900);
  });
  test('may be empty after =, which is not the same as absent', () => {
    expect(mistakesOf({ argv: ['serve', '--poll-ms='] })[0]).toContain('--poll-ms: "" is not allowed');
    const loaded = load({ argv: ['serve', '--upstream-url='] });
    expect(loaded).toEqual({
      ok: false,
      mistakes: ['UPSTREAM_URL: is empty and the file has no sources, allowed: at least one source'],
    });
  });
  test('keep a value that looks like a short flag', () => {
    expect(mistakesOf({ argv: ['serve', '--metrics-server-port', '-1'] })).toEqual([
      '--metrics-server-port: "-1" is not allowed, allowed: a whole number from 0 to 65535',
    ]);
  });
  test('do not swallow the next flag', () => {
    expect(mistakesOf({ argv: ['serve', '--poll-ms', '--workers=2'] })).toEqual([
      '--poll-ms: needs a value, allowed: a whole number from 10 to 86400000 (ms)',
    ]);
  });
  test('are given once', () => {
    expect(mistakesOf({ argv: ['serve', '--workers=1', '--workers=1'] })).toEqual([
      '--workers: is given twice',
    ]);
  });
  test('that are unknown are mistakes, with the nearest name; their value is no second mistake', () => {
    expect(mistakesOf({ argv: ['serve', '--poll_ms', '5'] })).toEqual([
      '--poll_ms: is no flag of weft (did you mean poll-ms?)',
    ]);
    expect(mistakesOf({ argv: ['serve', '--frobnicate', '5', '-x'] })).toEqual([
      '--frobnicate: is no flag of weft',
      '-x: is no flag of weft',
    ]);
    expect(mistakesOf({ argv: ['serve', '--__proto__=1', '--constructor', '2'] })).toHaveLength(2);
  });
  test('never show the value of an unknown flag: it may be a secret', () => {
    expect(mistakesOf({ argv: ['serve', '--bearer=s3cr3t-1'] }).join()).not.toContain('s3cr3t-1');
    expect(mistakesOf({ argv: ['serve', '--bearer', 's3cr3t-1'] }).join()).not.toContain('s3cr3t-1');
  });
  test('of another command are mistakes; its environment is ignored', () => {
    expect(mistakesOf({ argv: ['simulate', '--poll-ms=5000'] })).toEqual([
      '--poll-ms: is a flag of serve, demo, load and record, not of simulate',
    ]);
    expect(configOf({ argv: ['simulate'], env: { POLL_MS: 'x', UPSTREAM_URL: 'x' } }).pollMs).toBe(1500);
    expect(configOf({ argv: ['serve'], env: { DATA_SWITCHES: 'x' } }).dataSwitches).toBe(64);
    expect(mistakesOf({ argv: ['demo'], env: { DATA_SWITCHES: 'x', POLL_MS: 'x' } })).toHaveLength(2);
  });
});

describe('commands', () => {
  test('are serve, simulate and demo', () => {
    for (const command of ['serve', 'simulate', 'demo'])
      expect(load({ argv: [command] })).toMatchObject({ ok: true, command });
  });
  test('help and version win over everything else', () => {
    for (const argv of [['help'], ['--help'], ['-h'], ['serve', '--help'], ['--nonsense', '--help']]) {
      expect(load({ argv, env: { POLL_MS: 'x' } })).toEqual({ ok: true, command: 'help' });
    }
    for (const argv of [['version'], ['--version'], ['-V']]) {
      expect(load({ argv })).toEqual({ ok: true, command: 'version' });
    }
  });
  test('none, an unknown one, or a second one is a mistake beside all others', () => {
    expect(mistakesOf({ argv: [], env: { POLL_MS: 'x', DATA_SWITCHES: 'y' } })).toEqual([
      'command: none is given, allowed: serve, simulate, demo, record, replay, load, token, help, version',
      expect.stringContaining('POLL_MS'),
      expect.stringContaining('DATA_SWITCHES'),
    ]);
    expect(mistakesOf({ argv: ['server'] })).toEqual([
      'command: "server" is not allowed, allowed: serve, simulate, demo, record, replay, load, token, help, version (did you mean serve?)',
    ]);
    expect(mistakesOf({ argv: ['serve', 'demo', '--', '--workers'] })).toHaveLength(2);
  });
  test('simulate has no sources, even with a file that has some', () => {
    const file = 'data_switches: 3\nsources:\n  - {id: a, url: "http://h/c", headers: {a: "${NOT_SET}"}}\n';
    expect(configOf({ argv: ['simulate'], file })).toMatchObject({
      sources: [],
      dataSwitches: 3,
      defaultUpstream: false,
    });
  });
});
