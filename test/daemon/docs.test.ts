/** The curl lines of the documentation, against a demo as the reader has started it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findRepoRoot, readRepo } from '../../scripts/tidy/repo.js';
import { examplesOf, skeleton, type DocExample } from '../fixtures/doc-examples.js';
import { HttpClient } from '../fixtures/http-client.js';
import { until } from '../fixtures/until.js';
import { Started } from '../fixtures/weft-process.js';

const PAGES = [
  'README.md',
  'docs/endpoints.md',
  'docs/slices.md',
  'docs/history.md',
  'docs/dialects.md',
  'docs/simulator.md',
  'docs/coverage.md',
  'docs/rates.md',
];
const SIMULATOR_PORT = '9001';

const root = findRepoRoot();
const started = new Started();
let daemon: HttpClient;
let simulator: HttpClient;

beforeAll(async () => {
  // The examples show a fabric whose first tick is long past: nothing may be missing then.
  const demo = await started.weft('demo', {
    env: { HISTORY_COLUMNS: 'packet_errors', HISTORY_ROWS: '64', HISTORY_BYTES: '1GiB' },
  });
  daemon = started.add(await demo.client());
  simulator = started.add(new HttpClient(await demo.url('simulator')));
  await until('the first publish', async () => (await daemon.get('/health/ready')).status === 200);
  const path = '/telemetry/History?switch_id=sw-000&metric=packet_errors&format=csv';
  await until('the first sample', async () => (await daemon.get(path)).text.includes('T'));
});
afterAll(() => started.endAll());

/** Status and body; of an example with `-i` also the headers it shows. */
async function ask(example: DocExample): Promise<{ status: number; body: string; headers: string[] }> {
  const { url, method, headers } = example;
  const client = url.port === SIMULATOR_PORT ? simulator : daemon;
  const reply = await client.get(url.pathname + url.search, { method, headers });
  return { status: reply.status, body: reply.text, headers: Object.keys(reply.headers) };
}

describe.each(PAGES)('%s', (page) => {
  const examples = examplesOf(readFileSync(join(root, page), 'utf8'));

  test('has examples', () => {
    expect(examples.length).toBeGreaterThan(1);
  });

  test.each(examples.map((example) => [example.line, example] as const))('%s', async (_line, example) => {
    const answer = await ask(example);
    let shown = example.output;
    if (example.showsHead) {
      const end = shown.indexOf('\n\n');
      const [statusLine, ...headers] = shown.slice(0, end).split('\n');
      shown = shown.slice(end + 2);
      expect(statusLine).toContain(`HTTP/1.1 ${answer.status} `);
      for (const header of headers) expect(answer.headers).toContain(header.split(':')[0]!.toLowerCase());
    } else {
      expect(answer.status >= 400, `status ${answer.status}`).toBe(shown.includes('"error":'));
    }
    const beginning = shown.endsWith('…');
    const said = skeleton(beginning ? shown.slice(0, -1) : shown);
    const given = skeleton(answer.body);
    expect(beginning ? given.slice(0, said.length) : given).toBe(said);
  });
});

test('every file that the pages name exists', () => {
  for (const page of [
    ...PAGES,
    'docs/operations.md',
    'docs/sources.md',
    'docs/live.md',
    'docs/record-replay.md',
    'docs/architecture.md',
  ]) {
    const text = readFileSync(join(root, page), 'utf8');
    const folder = page.includes('/') ? join(root, 'docs') : root;
    for (const [, target] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      expect(() => readFileSync(join(folder, target!)), `${page} links to ${target}`).not.toThrow();
    }
    for (const [, path] of text.matchAll(/(?:^|[\s`])((?:src|workers|test|scripts|docs)\/[\w./-]+\.\w+)/g)) {
      expect(() => readFileSync(join(root, path!)), `${page} names ${path}`).not.toThrow();
    }
  }
});

describe('docs/operations.md', () => {
  const page = readFileSync(join(root, 'docs/operations.md'), 'utf8');

  test('lists the metrics that are served, all of them and no others', async () => {
    const served = (await daemon.get('/metrics')).text;
    const names = [...served.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
    const listed = [...page.matchAll(/`((?:weft|process)_[a-z0-9_]+)(?:\{[^`]*\})?`/g)].map(
      ([, name]) => name!,
    );
    expect([...new Set(listed)].sort()).toEqual([...new Set(names)].sort());
  });

  test('lists the log events that the program writes, all of them and no others', () => {
    const calls = /(?:\b(?:debug|info|warn|error|fatal)|\])\(\s*'([a-z]+(?:\.[a-z_]+)*)'/g;
    const simulated = /\bevent\(\s*'[a-z]+',\s*'([a-z._]+)'/g;
    const written = readRepo(root)
      .filter(({ path }) => path.startsWith('src/'))
      .flatMap(({ text }) => [...text.matchAll(calls), ...text.matchAll(simulated)].map(([, name]) => name!));
    const table = page.slice(page.indexOf('| event | level |'));
    const firstCells = [...table.matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell]) => cell!).join(' ');
    const listed = [...firstCells.matchAll(/`([a-z._]+)`/g)].map(([, name]) => name!);
    expect([...new Set(listed)].sort()).toEqual([...new Set(written)].sort());
  });
});
