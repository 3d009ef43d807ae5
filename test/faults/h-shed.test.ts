/** H: too much to do: what is refused, and who is refused last. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AbusedWeft, CELL, LIST } from '../fixtures/abused-weft.js';
import { ConfigFile } from '../fixtures/config-file.js';
import type { Reply } from '../fixtures/http-client.js';
import { RawClient, request } from '../fixtures/raw-http.js';
import { bearer, TokenFile } from '../fixtures/token-file.js';
import { until } from '../fixtures/until.js';
import { Started } from '../fixtures/weft-process.js';

const MIB = 1024 * 1024;

const started = new Started();
afterAll(() => started.endAll());

/** Health, and what tells why weft refuses. */
const EXEMPT = ['/health', '/health/live', '/health/ready', '/telemetry/health', '/stats', '/metrics'];

const NORMAL = 'weft_normal-secret-0123456789abcdefghij';
const IMPORTANT = 'weft_important-secret-0123456789abcdefg';
const ROWS = 6_000;
const BYTES_MAX = 16 * MIB;
const preload = new URL('../fixtures/blocking.js', import.meta.url).pathname;
let weft: AbusedWeft;

beforeAll(async () => {
  const tokens = started.add(
    new TokenFile([
      { id: 'normal', secret: NORMAL, scopes: ['metrics:read', 'stats:read'] },
      { id: 'important', secret: IMPORTANT, scopes: ['metrics:read', 'stats:read'], class: 'important' },
    ]),
  );
  const config = started.add(new ConfigFile({ tokens_file: tokens.path }));
  weft = await AbusedWeft.start(started, {
    rows: ROWS,
    noteChars: 2_000,
    flags: ['--config', config.path],
    nodeFlags: ['--import', preload],
    // Held up for 1600 ms: too long for some, not for four times as long.
    env: { IN_FLIGHT_BYTES_MAX: BYTES_MAX, MAX_LIST_BYTES: BYTES_MAX, LOOP_DELAY_MS_MAX: 800 },
  });
});

const ask = (path: string, secret = NORMAL): Promise<Reply> =>
  weft.client.get(path, { headers: bearer(secret) });

function expectOverloaded(reply: Reply, why: RegExp): void {
  expect(reply.json).toMatchObject({ error: 'overloaded', message: expect.stringMatching(why) as string });
  expect([reply.status, Number(reply.header('retry-after'))]).toEqual([
    503,
    expect.toSatisfy((s: number) => s > 0),
  ]);
}

const bytesHeld = async (): Promise<number> => {
  const { text } = await ask('/metrics');
  return Number(/^weft_response_bytes_in_flight (\d+)$/m.exec(text)![1]);
};

/** Bytes under way once they stay the same for a while. */
async function settledBytes(): Promise<number> {
  let last = -1;
  let same = 0;
  return until('bytes that stay', async () => {
    const now = await bytesHeld();
    same = now === last ? same + 1 : 0;
    last = now;
    return same > 10 && { now };
  }).then(({ now }) => now);
}

/** Readers that stop: of what they asked for, more than the sockets' buffers take is under way. */
async function hold(
  rowBytes: number,
  leastBytes: number,
): Promise<{ held: number; deaf: readonly RawClient[] }> {
  const deaf: RawClient[] = [];
  let held = await settledBytes();
  while (held < leastBytes && deaf.length < 50) {
    const one = new RawClient(weft.port);
    one.socket.pause();
    const limit = Math.floor(Math.min(ROWS - deaf.length, (BYTES_MAX - held) / rowBytes - 10));
    one.send(request('GET', `${LIST}?limit=${limit}`, bearer(NORMAL)));
    deaf.push(one);
    held = await settledBytes();
  }
  return { held, deaf };
}

test('H-23: by bytes under way: lists, with Retry-After; important clients a quarter later; health never', async () => {
  const rowBytes = (await ask(LIST)).body.length / ROWS;
  const seen = await until(
    'answers while the bytes stay',
    async () => {
      const { held, deaf } = await hold(rowBytes, 0.7 * BYTES_MAX);
      const rowsUpTo = (part: number): string =>
        `${LIST}?limit=${Math.min(ROWS, Math.ceil((part * BYTES_MAX - held) / rowBytes))}`;
      // More than what is left to all, less than what is left to important clients; then more than that.
      const [path, far] = [rowsUpTo(1.1), rowsUpTo(1.4)];
      const refused = [await ask(path), await ask(path), await ask(far, IMPORTANT)];
      const exempt = [await ask(path, IMPORTANT)];
      for (const one of [...EXEMPT, CELL]) exempt.push(await ask(one));
      const after = await bytesHeld();
      for (const one of deaf) one.end();
      // Those that stop are closed after a while: then it was too late.
      return after === held && held >= 0.7 * BYTES_MAX && { refused, exempt, path };
    },
    60_000,
  );
  for (const reply of seen.refused) expectOverloaded(reply, /IN_FLIGHT_BYTES_MAX/);
  expect(seen.exempt.map(({ status }) => status)).toEqual(seen.exempt.map(() => 200));
  await until('the end of the shedding', async () => (await ask(seen.path)).status === 200);
});

test('H-23: by a late loop: lists, with Retry-After; important clients at four times as much', async () => {
  const [late, ...others] = await until('a list while the loop is held up', async () => {
    weft.process.child.kill('SIGUSR2');
    const paths = [CELL, ...EXEMPT];
    const asked = [ask(LIST), ask(LIST, IMPORTANT), ...paths.map((path) => ask(path))];
    const replies = await Promise.all(asked);
    const delayMs = /event loop is (\d+) ms late/.exec(replies[0]!.text)?.[1];
    // On a busy machine it may be held up for far longer.
    return delayMs !== undefined && Number(delayMs) < 3_000 && replies;
  });
  expectOverloaded(late!, /LOOP_DELAY_MS_MAX/);
  expect(others.map(({ status }) => status)).toEqual(others.map(() => 200));
  await until('the end of the shedding', async () => (await ask(LIST)).status === 200);
});
