/** The curl lines of docs/record-replay.md, against a recording of the simulator and its last body. */
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findRepoRoot } from '../../scripts/tidy/repo.js';
import { loadConfig } from '../../src/config/load.js';
import { examplesOf, skeleton } from '../fixtures/doc-examples.js';
import { HttpClient } from '../fixtures/http-client.js';
import { until } from '../fixtures/until.js';
import { Started } from '../fixtures/weft-process.js';

const page = readFileSync(join(findRepoRoot(), 'docs/record-replay.md'), 'utf8');
const started = new Started();
let folder: string;
const clients = new Map<string, HttpClient>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-docs-'));
  const out = join(folder, 'tuesday');
  const simulator = await started.weft('simulate', { env: { DATA_INTERVAL_SEC: 3600 } });
  const upstream = `${await simulator.url('simulator')}/counters`;
  const recorder = await started.weft('record', { flags: ['--out', out, upstream] });
  const body = await until('a body', async () => {
    const names = await readdir(join(out, 'bodies'));
    return names.find((name) => name.endsWith('.csv'));
  });
  await recorder.stop();
  const replay = await started.weft('replay', { flags: [out, '--port=0', '--speed', '10', '--loop'] });
  clients.set('9001', started.add(new HttpClient(await replay.url('replay'))));
  const weft = await started.weft('load', { flags: [join(out, 'bodies', body)] });
  const loaded = started.add(await weft.client());
  await until('the first publish', async () => (await loaded.get('/health/ready')).status === 200);
  clients.set('8080', loaded);
});
afterAll(async () => {
  await started.endAll();
  await rm(folder, { recursive: true });
});

test.each(examplesOf(page).map((example) => [example.line, example] as const))(
  '%s',
  async (_line, example) => {
    const { url, method, headers, output } = example;
    const reply = await clients.get(url.port)!.get(url.pathname + url.search, { method, headers });
    expect(reply.status >= 400).toBe(output.includes('"error":'));
    const said = skeleton(output.endsWith('…') ? output.slice(0, -1) : output);
    const given = skeleton(reply.text);
    expect(output.endsWith('…') ? given.slice(0, said.length) : given).toBe(said);
  },
);

test('the commands of the page are valid', () => {
  const lines = [...page.matchAll(/^weft (.*)$/gm)].map(([, line]) => line!);
  expect(lines.length).toBeGreaterThan(4);
  for (const line of lines) {
    const loaded = loadConfig({ argv: line.split(' '), env: {}, readFile: () => '' });
    expect(loaded, line).toMatchObject({ ok: true });
  }
});
