/** Beside L-03: the configuration is read again on SIGHUP; one with mistakes changes nothing. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
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

/** Nothing is reloaded without it. */
const canReload = existsSync(new URL('../../src/daemon-reload.js', import.meta.url));

beforeAll(async () => {
  if (!canReload) return;
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
    'mistakes, each of which is told',
    stringify({ poll_ms: 'soon', colour: 'red', sources: [{ id: 'other', url: 'ftp://nowhere/' }] }),
    [/poll_ms/, /colour/, /sources\[0\]\.url/],
  ],
  ['a text that is no YAML', 'sources: [\n', [/weft\.yaml/]],
  ['no file at all', null, [/weft\.yaml/]],
];

describe.skipIf(!canReload)('a reload on SIGHUP (needs src/daemon-reload.ts)', () => {
  test.each(MISTAKES)('with %s changes nothing', async (_what, text, mistakes) => {
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
});
