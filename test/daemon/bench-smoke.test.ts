/** Every bench runs with tiny sizes: its own checks of results count here, its times do not. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReportDocument } from '../../bench/report.js';
import { findRepoRoot } from '../../scripts/tidy/repo.js';

const RUN = fileURLToPath(new URL('../../bench/run.js', import.meta.url));
const RUN_MS_MAX = 480_000;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function runBench(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [RUN, ...args], { timeout: RUN_MS_MAX }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** What each bench must say at the least: rows and their units. */
const EXPECTED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  parse: { 'job in the pool: per cell': 'ns', 'csv-parse: per cell': 'ns', 'newline count: speed': 'MB/s' },
  scan: { 'numbers only: per cell': 'ns', 'every cell in quotes: per cell': 'ns' },
  split: { 'one worker: received to published': 'ms', 'two workers: received to published': 'ms' },
  big: { 'CPU of the worker, per cell': 'ns', 'of it change bitmaps': 'bytes' },
  read: {
    'point read as GetMetric does it, by the text of its query, validated': 'ns',
    'point read by key, validated': 'ns',
    'reads refused as possibly torn': '%',
  },
  encode: { 'envelope: per cell': 'ns', 'columns: per cell': 'ns', 'csv: per cell': 'ns' },
  diff: { '10 % changed: list of changed cells, per cell': 'ns' },
  slice: { 'top 20': 'ms', 'top 20 in a worker: time of the main thread': 'µs' },
  rates: { 'published with previous samples: per cell': 'ns', 'columns of rates: per cell': 'ns' },
  history: { 'doubles: a cell and sample': 'bytes', 'doubles: recorded, per cell': 'ns' },
  merge: {
    'each row in one source: list of all columns': 'ms',
    'each row in two: a body of one source, received to published': 'ms',
  },
  http: {
    'GetMetric: server CPU per request': 'µs',
    'GetMetric: server CPU per request, against node:http, the same work': 'µs',
    'GetMetric: server CPU per request, against fastify, the same work': 'µs',
    'GetMetric, 16 at a time on a connection: server CPU per request, more than bare': 'µs',
    'GetMetric: heap allocated by its handler': 'bytes',
    'while parsing: publishes meanwhile': '',
  },
  readers: {
    'GetMetric: server CPU per request, two threads on one core': 'µs',
    'two threads beside the client: server CPU per request': 'µs',
  },
  live: { 'one port each: server CPU per subscriber and message': 'µs', 'one port each: message': 'bytes' },
  refresh: { 'body received to published, p50': 'ms', 'heap growth per publish': 'kB' },
  start: { 'process start to first served read': 'ms', 'the same over node -e 0': 'ms' },
  tail: { 'while refreshed, p99': 'µs', 'publishes in a round': '' },
  downloads: { '/health beside 4 downloads, p99': 'µs', downloaded: 'MB/s' },
  cached: {},
  counts: {
    'a publish: messages to workers': '',
    'a list: messages to workers once it is encoded': '',
  },
  cost: {
    'one more row of 120 columns: resident': 'bytes',
    'one more GetMetric: CPU': 'µs',
    'largest error of the fit: CPU of a refresh': '%',
  },
};

const folder = mkdtempSync(join(tmpdir(), 'bench-smoke-'));
afterAll(() => rmSync(folder, { recursive: true }));

let ended: Ended;
let report: ReportDocument;

beforeAll(async () => {
  const file = join(folder, 'report.json');
  ended = await runBench('--smoke', '--json', file);
  expect(ended.code, ended.stderr).toBe(0);
  report = JSON.parse(readFileSync(file, 'utf8')) as ReportDocument;
}, RUN_MS_MAX);

test('all benches ran, once, as a smoke run', () => {
  expect(report.benches.map(({ name }) => name)).toEqual(Object.keys(EXPECTED));
  expect(report).toMatchObject({ smoke: true, rounds: 1 });
  expect(report.machine).toContain(process.version);
});

test.each(Object.keys(EXPECTED))('%s answers its question', (name) => {
  const { rows } = report.benches.find((bench) => bench.name === name)!;
  const units = Object.fromEntries(rows.map(({ what, unit }) => [what, unit]));
  expect(units).toMatchObject(EXPECTED[name]!);
  expect(new Set(rows.map(({ what }) => what)).size).toBe(rows.length);
  for (const { what, value, ratio } of rows) {
    expect(value, what).not.toBeNaN();
    expect(value === null || Number.isFinite(value), what).toBe(true);
    if (ratio !== undefined) expect(Number.isFinite(ratio), what).toBe(true);
  }
});

test('something was really measured', () => {
  const value = (name: string, what: string): number | null | undefined =>
    report.benches.find((bench) => bench.name === name)!.rows.find((row) => row.what === what)?.value;
  expect(value('http', 'while parsing: publishes meanwhile')).toBeGreaterThan(0);
  expect(value('live', 'one port each: messages a round')).toBeGreaterThan(0);
  expect(value('refresh', 'publishes watched')).toBeGreaterThanOrEqual(2);
  expect(value('refresh', 'body')).toBeGreaterThan(0);
});

test('the table has a line for each row', () => {
  const lines = ended.stdout.split('\n').filter((line) => line.startsWith('| '));
  const rows = report.benches.reduce((sum, { rows: each }) => sum + each.length, 0);
  expect(lines).toHaveLength(rows + 1);
  expect(ended.stdout).toContain('Smoke run');
});

test('bench/README.md has a place for the numbers of each', () => {
  const page = readFileSync(join(findRepoRoot(), 'bench/README.md'), 'utf8');
  for (const name of Object.keys(EXPECTED)) {
    expect(page).toContain(`<!-- ${name}:begin -->\n`);
    expect(page).toContain(`<!-- ${name}:end -->\n`);
  }
});

test('what cannot be run is named', async () => {
  const unknown = await runBench('--smoke', 'parse', 'speed');
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain(`cannot run speed: there is ${Object.keys(EXPECTED).join(', ')}`);
  const rounds = await runBench('--smoke', '--rounds', '0');
  expect(rounds.code).toBe(1);
  expect(rounds.stderr).toContain('--rounds is a whole number from 1 to 1000');
  const write = await runBench('--smoke', '--write');
  expect(write.code).toBe(1);
  expect(write.stderr).toContain('cannot write the numbers of a smoke run');
});
