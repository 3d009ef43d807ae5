/** Faults in bodies so large that several workers read them at once: refused as by one. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HttpClient } from '../fixtures/http-client.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started } from '../fixtures/weft-process.js';

const ROWS = 20_000;
/** Makes the body larger than what one worker reads alone. */
const NOTE = 'n'.repeat(430);

const started = new Started();
let upstream: Upstream;
let weft: HttpClient;
let n = 1;

function linesOf(value: number): string[] {
  const rows = Array.from({ length: ROWS }, (_, row) => `r${row},${value},${NOTE}`);
  return ['switch_id,rx,note', ...rows];
}

const textOf = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

/** The cells of some rows all over the table. */
async function served(): Promise<unknown[]> {
  const rows = [0, 1, ROWS >> 1, ROWS - 2, ROWS - 1];
  const path = (row: number): string => `/telemetry/GetMetric?switch_id=r${row}&metric=rx&format=text`;
  return Promise.all(rows.map(async (row) => (await weft.get(path(row))).text));
}

const split = (): Promise<number> => weft.metric('weft_source_split_bodies_total');

beforeAll(async () => {
  upstream = started.add(await Upstream.start());
  upstream.body = Buffer.from(textOf(linesOf(n)));
  const env = { UPSTREAM_URL: upstream.url(), WORKERS: 3, POLL_MS: 50 };
  const process = await started.weft('serve', { env });
  weft = started.add(await process.client());
  await until('the first publish', async () => (await weft.source()).version === 1);
});
afterAll(() => started.endAll());

/** Good bodies until one was read by several workers. */
async function healed(): Promise<void> {
  const before = await split();
  await until('a body that several workers read', async () => {
    upstream.body = Buffer.from(textOf(linesOf(++n)));
    await until('the body', async () => (await served()).every((cell) => cell === String(n)));
    return (await split()) > before;
  });
  expect((await weft.source()).rows).toBe(ROWS);
}

function exchanged(at: number, line: string): string {
  const lines = linesOf(n + 1);
  lines[at - 1] = line;
  return textOf(lines);
}

const LATE = ROWS - 100;

const FAULTS: readonly (readonly [
  row: string,
  what: string,
  body: () => string,
  outcome: string,
  error: RegExp,
])[] = [
  [
    'U-04',
    'cut inside the last line',
    () => textOf(linesOf(n + 1)).slice(0, -20),
    'truncated',
    new RegExp(`line ${ROWS + 1}`),
  ],
  [
    'U-04',
    'no line break at the end',
    () => textOf(linesOf(n + 1)).trimEnd(),
    'truncated',
    /require_final_newline/,
  ],
  ['U-07', 'a NUL near the end', () => exchanged(LATE, `r${LATE - 2},1,\0`), 'encoding', /offset \d{7}/],
  [
    'U-10',
    'a quote that is not closed',
    () => exchanged(LATE >> 1, `r1,1,"${NOTE}`),
    'parse',
    new RegExp(`line ${LATE >> 1}`),
  ],
  [
    'U-11',
    'a ragged row near the end',
    () => exchanged(LATE, `r${LATE - 2},1`),
    'parse',
    new RegExp(`line ${LATE}`),
  ],
  [
    'U-14',
    'a key in the first and the last part',
    () => exchanged(LATE, `r3,1,${NOTE}`),
    'parse',
    /r3.*duplicate_rows/,
  ],
];

test.each(FAULTS)('%s: %s', async (_row, _what, body, outcome, error) => {
  await healed();
  const before = await weft.source();
  upstream.body = Buffer.from(body());
  const source = await until('two refusals', async () => {
    expect(await served()).toEqual(new Array(5).fill(String(n)));
    const now = await weft.source();
    return now.polls[outcome]! >= before.polls[outcome]! + 2 && now;
  });
  expect(source.last_error).toMatch(error);
  expect([source.version, source.rows]).toEqual([before.version, ROWS]);
  expect(await served()).toEqual(new Array(5).fill(String(n)));
  expect(source.polls).toMatchObject({ worker: 0, timeout: 0 });
});
