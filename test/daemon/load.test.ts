/** `weft load`: saved files, as operators have them, served by the real process. */
import { existsSync, readdirSync } from 'node:fs';
import { appendFile, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findRepoRoot } from '../../scripts/tidy/repo.js';
import type { HttpClient } from '../fixtures/http-client.js';
import { until } from '../fixtures/until.js';
import { Started, WeftProcess } from '../fixtures/weft-process.js';

const started = new Started();
const SAVED_S = 1_700_000_000;
const TEXT = 'switch_id,rx,label\nsw-0,18446744073709551615,a\nsw-1,2,b\n';
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-load-'));
});
afterEach(async () => {
  await started.endAll();
  await rm(folder, { recursive: true });
});

async function save(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  await utimes(path, SAVED_S, SAVED_S);
  return path;
}

async function load(...flags: readonly string[]): Promise<{ weft: WeftProcess; client: HttpClient }> {
  const weft = await started.weft('load', { flags });
  return { weft, client: started.add(await weft.client()) };
}

const rowsOf = (client: HttpClient): Promise<string> =>
  until('rows', async () => {
    const reply = await client.get('/telemetry/ListMetrics?format=csv');
    return reply.status === 200 ? reply.text.replaceAll('\r\n', '\n') : null;
  });

describe('a saved file', () => {
  test('is served with its own time, is never stale, and lines to try are printed', async () => {
    const { weft, client } = await load(await save('my ports.csv', TEXT));
    expect(await rowsOf(client)).toBe(TEXT);
    const cell = await client.json('/telemetry/GetMetric?switch_id=sw-1&metric=rx');
    expect(cell).toMatchObject({ value: 2, timestamp: new Date(SAVED_S * 1000).toISOString() });
    expect((await client.get('/health/ready')).status).toBe(200);
    const curls = await until('the lines to try', () => {
      const lines = weft.text.filter((line) => line.includes('curl'));
      return lines.length === 3 ? lines : null;
    });
    const tried = curls.map((line) => /'http:\/\/[^/]+(.*)'/.exec(line)![1]!);
    for (const path of tried) expect((await client.get(path)).status).toBe(200);
    expect(tried[0]).toContain('switch_id=sw-0');
  });
  test('may be gzipped, and several are one table', async () => {
    const other = await save('b.csv', 'switch_id,tx\nsw-9,3\n');
    const { client } = await load(await save('a.csv.gz', gzipSync(TEXT)), other);
    await until('both files', async () => (await rowsOf(client)).split('\n').length === 5);
    const { sources } = await client.stats();
    expect(Object.keys(sources)).toEqual(['a', 'b']);
  });
  test('that was appended to, repeats its header and is cut, is its newest rows', async () => {
    const appended = `${TEXT}${TEXT.replace('sw-1,2', 'sw-1,3')}switch_id,rx,label\nsw-0,5,c\nsw-1,`;
    const { client } = await load(await save('appended.csv', appended));
    expect(await rowsOf(client)).toBe('switch_id,rx,label\nsw-0,5,c\nsw-1,3,b\n');
    const { sources } = await client.stats();
    expect(sources['appended']!.rejected_rows).toBe(1);
  });
  test('is read again when it has changed, and stays when it goes', async () => {
    const path = await save('grows.csv', TEXT);
    const { client } = await load(path);
    await rowsOf(client);
    await appendFile(path, 'sw-2,9,c\n');
    await until('the new row', async () => (await rowsOf(client)).endsWith('sw-2,9,c\n'));
    await rename(path, `${path}.old`);
    await until('the failure', async () =>
      (await client.stats()).sources['grows']!.last_error?.includes('no such file'),
    );
    expect(await rowsOf(client)).toContain('sw-2,9,c');
    await rename(`${path}.old`, path);
    await until('the file again', async () => (await client.stats()).sources['grows']!.last_error === null);
  });
  test('may be a source beside upstreams: absent at first, it is waited for', async () => {
    const path = join(folder, 'later.csv');
    const config = join(folder, 'weft.yaml');
    await writeFile(config, `sources:\n  - { id: saved, url: "file://${path}", interval_ms: 20 }\n`);
    const weft = await started.weft('serve', { flags: ['--config', config] });
    const client = started.add(await weft.client());
    await until('a failure', async () => (await client.stats()).sources['saved']!.polls['connect']! > 0);
    await save('later.csv', TEXT);
    expect(await rowsOf(client)).toBe(TEXT);
  });
  test('may come through standard input, and is read to its end', async () => {
    const weft = started.add(new WeftProcess(['load', '-'], { input: gzipSync(TEXT) }));
    const client = started.add(await weft.client());
    expect(await rowsOf(client)).toBe(TEXT);
    expect(Object.keys((await client.stats()).sources)).toEqual(['stdin']);
    expect((await weft.stop()).code).toBe(0);
    const large = started.add(
      new WeftProcess(['load', '-'], { input: Buffer.alloc(5_000), env: { MAX_BODY_BYTES: 1024 } }),
    );
    expect((await large.exit()).code).toBe(1);
    expect(large.stderr).toBe('weft: cannot load -: more than 1024 bytes (MAX_BODY_BYTES)\n');
  });
  test('that is missing ends weft with 1 and its name', async () => {
    const there = await save('there.csv', TEXT);
    const none = join(folder, 'none.csv');
    const weft = started.add(new WeftProcess(['load', there, none, folder]));
    expect((await weft.exit()).code).toBe(1);
    expect(weft.stderr).toBe(`weft: cannot load ${none} (no such file), ${folder} (no plain file)\n`);
  });
});

/** Each sample with a key that fits it, and how many different ones another CSV reader finds. */
const SAMPLES: Readonly<Record<string, { key: string; rows: number } | { refused: RegExp }>> = {
  'Field_BER_Thresholds.csv': { key: 'ASIC,Protocol,Speed,FEC TYPE,FEC OPCODE,Media Type', rows: 68 },
  'fec_ber_matrix.csv': { key: 'active_speed,fec_mode_active', rows: 8 },
  'ndt.csv': { key: '#Fields:StartDevice,StartPort', rows: 400 },
  'ndth2s.csv': { key: 'EndDevice,EndPort', rows: 320 },
  'ufm_event_policy.csv': { key: '64', rows: 295 },
  'gb200_lid_line.prom': { refused: /cannot find the row key/ },
  'effective_ber_tiny_float.prom': { refused: /cannot find the row key/ },
};
const samples = join(findRepoRoot(), '..', 'shared', 'samples');

describe.skipIf(!existsSync(samples))('the samples of the field (needs ../shared/samples)', () => {
  test('are all tried', () => {
    const names = existsSync(samples) ? readdirSync(samples) : [];
    expect(names.filter((name) => /\.(csv|prom)$/.test(name)).sort()).toEqual(Object.keys(SAMPLES).sort());
  });
  test.each(Object.entries(SAMPLES))('%s', async (name, sample) => {
    const flags = 'key' in sample ? [`--key=${sample.key}`] : [];
    const { weft, client } = await load(join(samples, name), ...flags);
    if ('refused' in sample) {
      const line = await until('the refusal', () => weft.events('poll.error')[0]);
      expect(line['msg']).toMatch(sample.refused);
      return;
    }
    const rows = await until('rows', async () => {
      const reply = await client.get('/telemetry/ListMetrics?limit=1');
      return reply.status === 200 ? (reply.json['total'] as number) : null;
    });
    expect(rows).toBe(sample.rows);
  });
});
