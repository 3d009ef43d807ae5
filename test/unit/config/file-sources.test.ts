import { describe, expect, test } from 'vitest';
import { fileEntries } from '../../../src/config/file-sources.js';
import { configOf, mistakesOf, sourceMistakes, sourceOf } from './load-helper.js';

describe('file URLs', () => {
  test('of a configured source bring rules for saved files, which its own keys override', () => {
    const plain = sourceOf('url: file:///data/my%20ports.csv');
    expect(plain).toMatchObject({ url: 'file:///data/my%20ports.csv', staleMsMax: 0, timeoutMs: 60_000 });
    expect(plain.parse).toMatchObject({
      ragged: 'drop',
      duplicateRows: 'last',
      duplicateColumns: 'suffix',
      requireFinalNewline: false,
    });
    const own = sourceOf('url: file:///a.csv\nmax_stale_ms: 90000\nragged: reject\nduplicate_rows: reject');
    expect(own).toMatchObject({
      staleMsMax: 90_000,
      parse: { ragged: 'reject', duplicateRows: 'reject', duplicateColumns: 'suffix' },
    });
    expect(sourceOf('url: http://h/').parse).toMatchObject({ ragged: 'reject', requireFinalNewline: true });
  });
  test('are never stale, whatever MAX_STALE_MS says of upstreams', () => {
    const file =
      'max_stale_ms: 90000\nsources: [{ id: a, url: "file:///a.csv" }, { id: b, url: "http://h/" }]';
    expect(configOf({ file }).sources.map(({ staleMsMax }) => staleMsMax)).toEqual([0, 90_000]);
  });
  test.each(['file:a.csv', 'file://host/a.csv', 'file:///a.csv?x=1', 'file:///a.csv#x', 'file:///folder/'])(
    '%s is refused',
    (url) => {
      const mistakes = sourceMistakes(`url: ${JSON.stringify(url)}`);
      expect(mistakes).toHaveLength(1);
      expect(mistakes[0]).toContain('allowed: a file URL with an absolute path');
    },
  );
});

describe('load', () => {
  test('makes a source of each file, named after it', () => {
    const argv = [
      'load',
      '/data/ports.csv.gz',
      '/other/ports.csv',
      '/data/a b!.csv',
      '--key=a, b',
      '--port=0',
    ];
    const config = configOf({ argv, env: { UPSTREAM_URL: 'x', METRICS_SERVER_PORT: '9' } });
    expect(config.serverPort).toBe(0);
    expect(config.sources.map(({ id, url }) => [id, url])).toEqual([
      ['ports', 'file:///data/ports.csv.gz'],
      ['ports-2', 'file:///other/ports.csv'],
      ['a-b-', 'file:///data/a%20b!.csv'],
    ]);
    expect(config.sources[0]!.parse.key).toEqual(['a', 'b']);
  });
  test('takes the rule for XDR fabrics by its name', () => {
    expect(configOf({ argv: ['load', 'a.csv', '--key=xdr'] }).sources[0]!.parse).toMatchObject({
      xdrKey: true,
      key: null,
    });
    expect(configOf({ argv: ['load', 'a.csv', '--key=xdr,b'] }).sources[0]!.parse.key).toEqual(['xdr', 'b']);
  });
  test('serves the files alone, with the options of a configuration file', () => {
    const file = 'poll_ms: 700\nsources: [{ id: b, url: "http://h/" }]';
    const config = configOf({ argv: ['load', 'x.csv'], file });
    expect(config.sources).toHaveLength(1);
    expect(config.sources[0]).toMatchObject({ id: 'x', intervalMs: 700 });
  });
  test('ids are never longer than an id may be, nor equal', () => {
    const long = `${'x'.repeat(80)}.csv`;
    const ids = fileEntries([long, long, '.csv'], null).map(({ id }) => id);
    expect(ids).toEqual(['x'.repeat(64), `${'x'.repeat(62)}-2`, 'file']);
  });
});

describe('operands', () => {
  test('are what each command takes', () => {
    expect(mistakesOf({ argv: ['load'] })).toEqual(['command line: load needs FILE, which is missing']);
    expect(mistakesOf({ argv: ['replay'] })).toEqual(['command line: replay needs DIR, which is missing']);
    expect(mistakesOf({ argv: ['replay', 'a', 'b', '--speed=0', '--times=never'] })).toEqual([
      'command line: "b" is not allowed, allowed: at most 1 DIR and flags',
      expect.stringMatching(/^--speed: "0" is not allowed, allowed: max, or a number above 0/),
      expect.stringMatching(/^--times: "never" is not allowed, allowed: one of shifted, original/),
    ]);
    expect(mistakesOf({ argv: ['serve', 'x'] })).toEqual([
      'command line: "x" is not allowed, allowed: one command and flags',
    ]);
  });
  test('of load may be standard input, once', () => {
    expect(configOf({ argv: ['load', '-', 'a.csv'] }).sources[0]).toMatchObject({
      id: 'stdin',
      url: 'file:///dev/stdin',
    });
    expect(mistakesOf({ argv: ['load', '-', '-'] })).toEqual([
      'command line: names - (standard input) twice',
    ]);
  });
  test('of record is an upstream, beside which there is no flag of the same', () => {
    const config = configOf({ argv: ['record', 'http://h/c', '--out', 'dir', '--gzip', '--duration=10m'] });
    expect(config).toMatchObject({
      recordOut: 'dir',
      recordGzip: true,
      recordDurationMs: 600_000,
      sources: [{ url: 'http://h/c' }],
    });
    expect(mistakesOf({ argv: ['record', 'http://h/c', '--upstream-url=http://i/'] })).toEqual([
      '--upstream-url: is given, and an UPSTREAM_URL beside it',
      '--out: is missing, allowed: the path of a folder',
    ]);
    expect(mistakesOf({ argv: ['record', '--out=x', 'http://u:hunter2@h/'] }).join()).not.toContain(
      'hunter2',
    );
  });
  test('a switch takes no word from behind it', () => {
    expect(configOf({ argv: ['replay', '--loop', 'dir'] })).toMatchObject({
      replayLoop: true,
      replayDir: 'dir',
    });
    expect(configOf({ argv: ['replay', '--loop=false', 'dir'] }).replayLoop).toBe(false);
  });
});
