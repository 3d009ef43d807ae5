/** L-03: the configuration is read again on SIGHUP; one with mistakes changes nothing. */
import { rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { ConfigFile } from '../fixtures/config-file.js';
import { goodBody } from '../fixtures/fault-world.js';
import type { HttpClient } from '../fixtures/http-client.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started, type LogLine, type WeftProcess } from '../fixtures/weft-process.js';

const READ = '/telemetry/GetMetric?switch_id=r1&metric=rx';

const started = new Started();
let upstream: Upstream;
let file: ConfigFile;
let process: WeftProcess;
let weft: HttpClient;
let good: string;
let n = 0;

beforeAll(async () => {
  upstream = started.add(await Upstream.start());
  upstream.body = Buffer.from(goodBody(n));
  good = stringify({ sources: [{ id: 'fabric', url: upstream.url() }] });
  file = started.add(new ConfigFile(good));
  process = await started.weft('serve', { flags: ['--config', file.path] });
  weft = started.add(await process.client());
  await until('the first publish', async () => (await weft.source('fabric')).version === 1);
});
afterAll(() => started.endAll());

/** SIGHUP, and what the log says of it. */
async function reload(): Promise<LogLine> {
  const { length } = process.events('config.reload');
  process.child.kill('SIGHUP');
  return until('the reload', () => process.events('config.reload')[length]);
}

/** The source is polled as before, and what it brings is served. */
async function goesOn(): Promise<void> {
  upstream.body = Buffer.from(goodBody(++n));
  await until('the next body', async () => (await weft.get(READ)).json['value'] === n);
  expect(Object.keys((await weft.stats()).sources)).toEqual(['fabric']);
}

const MISTAKES: readonly (readonly [what: string, text: string | null, mistakes: readonly RegExp[]])[] = [
  [
    'L-03 with mistakes changes nothing, and tells each of them',
    stringify({ poll_ms: 'soon', colour: 'red', sources: [{ id: 'other', url: 'ftp://nowhere/' }] }),
    [/poll_ms/, /colour/, /sources\[0\]\.url/],
  ],
  ['L-03 with a text that is no YAML changes nothing', 'sources: [\n', [/weft\.yaml/]],
  ['L-03 with no file at all changes nothing', null, [/weft\.yaml/]],
];

describe('L-03 a reload on SIGHUP', () => {
  test.each(MISTAKES)('%s', async (_what, text, mistakes) => {
    if (text === null) rmSync(file.path);
    else writeFileSync(file.path, text);
    const line = await reload();
    expect(line).toMatchObject({ level: 'ERROR', ok: false });
    const told = (line['mistakes'] as string[]).join('\n');
    for (const mistake of mistakes) expect(told).toMatch(mistake);
    expect(await weft.metric('weft_config_reload_success')).toBe(0);
    await goesOn();

    writeFileSync(file.path, good);
    expect(await reload()).toMatchObject({ level: 'INFO', ok: true });
    expect(await weft.metric('weft_config_reload_success')).toBe(1);
    await goesOn();
  });

  test('L-03 with another level: more is logged, or less', async () => {
    const { length } = process.events('poll.run').filter(({ level }) => level === 'DEBUG');
    expect(length).toBe(0);
    writeFileSync(file.path, `${good}log_level: debug\n`);
    expect(await reload()).toMatchObject({ ok: true, changed: ['log_level'] });
    // Of a logger that was made long before.
    await until('a line of level debug', () => process.log.find(({ level }) => level === 'DEBUG'));
    writeFileSync(file.path, `${good}log_level: error\n`);
    await weft.get('/nowhere');
    await until('the line of that request', () => process.events('http.access')[0]);
    process.child.kill('SIGHUP');
    await until('silence', async () => {
      const before = process.log.length;
      await weft.get('/nowhere');
      upstream.body = Buffer.from(goodBody(++n));
      await until('the next body', async () => (await weft.get(READ)).json['value'] === n);
      return process.log.length === before;
    });
    writeFileSync(file.path, good);
    expect(await reload()).toMatchObject({ ok: true, changed: ['log_level'] });
  });

  test('L-03 names what needs a restart, and takes over the rest', async () => {
    writeFileSync(file.path, `${good}workers: 7\nstate_dir: /tmp/weft-elsewhere\nlog_level: warn\n`);
    process.child.kill('SIGHUP');
    const line = await until('the warning', () => process.events('config.restart')[0]);
    expect(line).toMatchObject({ level: 'WARN', options: ['WORKERS', 'STATE_DIR'] });
    expect(String(line['msg'])).toBe('cannot change while weft runs: WORKERS, STATE_DIR; restart it');
    expect(await weft.metric('weft_config_reload_success')).toBe(1);
    writeFileSync(file.path, good);
    expect(await reload()).toMatchObject({ ok: true, changed: ['log_level'] });
    expect(process.events('config.restart')).toHaveLength(1);
    await goesOn();
  });

  test('L-03 asked for many times at once, ends with the last one', async () => {
    for (const level of ['debug', 'warn', 'info']) {
      writeFileSync(file.path, `${good}log_level: ${level}\n`);
      process.child.kill('SIGHUP');
    }
    writeFileSync(file.path, good);
    await reload();
    await goesOn();
    expect(await weft.metric('weft_config_reload_success')).toBe(1);
  });
});
