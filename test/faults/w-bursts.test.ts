/** W-03: more than a socket takes. Nothing is left out unseen: frames link, or say why they do not. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ConfigFile } from '../fixtures/config-file.js';
import type { HttpClient } from '../fixtures/http-client.js';
import type { LiveView } from '../fixtures/live-client.js';
import { expectEqualList, LiveSocket } from '../fixtures/live-socket.js';
import { until } from '../fixtures/until.js';
import { Started, type WeftProcess } from '../fixtures/weft-process.js';

const MIB = 1024 * 1024;
/** Snapshots of half a megabyte, in two parts. */
const ROWS = 300;
const COLUMNS = 200;
const HEADER = `switch_id,rx,${Array.from({ length: COLUMNS }, (_, c) => `c${c}`).join(',')}`;
const BURST = 16;
/** More than can be named in `since`. */
const FAR = 80;
/** One part waits, and no further one behind it: parts are of a quarter of a mebibyte and a row. */
const WAITING_BYTES_MAX = 0.5 * MIB;

const started = new Started();
let process: WeftProcess;
let weft: HttpClient;
let socket: LiveSocket;
let view: LiveView;
let n = 0;

beforeAll(async () => {
  const file = started.add(new ConfigFile({ sources: [{ id: 'lab', push: true }] }));
  process = await started.weft('serve', { flags: ['--config', file.path] });
  weft = started.add(await process.client());
  await publish(true);
  socket = started.add(await LiveSocket.open(weft.base));
  view = socket.subscribe({ id: 's' });
  await newest();
});
afterAll(() => started.endAll());

/** After each of them the same connection is there and knows everything. */
afterEach(async () => {
  await newest();
  expect(await expectEqualList(view, weft)).toMatch(new RegExp(`-${n}$`));
  expect([socket.code, process.events('live.close').length]).toEqual([null, 0]);
  await until('nothing left waiting', async () => (await weft.metric('weft_live_waiting_bytes')) === 0);
});

/** The next version: all of it is new, or one cell. Returns what waits for the socket then. */
async function publish(all: boolean): Promise<number> {
  n++;
  if (all) base = 1_000_000 + n;
  const cells = `,${base}`.repeat(COLUMNS);
  const rows = Array.from({ length: ROWS }, (_, i) => `r${i},${i === 0 ? n : 0}${cells}`);
  const headers = { 'Content-Type': 'text/csv' };
  const body = `${HEADER}\n${rows.join('\n')}\n`;
  const reply = await weft.get('/telemetry/ingest/lab', { method: 'POST', headers, body });
  expect(reply.json).toMatchObject({
    outcome: 'ok',
    snapshot_id: expect.stringMatching(new RegExp(`-${n}$`)) as string,
  });
  return weft.metric('weft_live_waiting_bytes');
}
/** In every cell but one. */
let base = 0;

/** Publishes until every buffer on the way to a client that reads nothing is full. Returns what waits then. */
async function fillUp(): Promise<number> {
  for (let still = 0; ;) {
    const sent = (await weft.stats()).live['frames_sent'];
    const waiting = await publish(true);
    still = waiting > 0 && (await weft.stats()).live['frames_sent'] === sent ? still + 1 : 0;
    if (still === 3) return waiting;
  }
}

async function newest(): Promise<void> {
  await until('the newest version', () => {
    socket.check();
    return view.rows.get('r0')?.get('rx') === n;
  });
}

test('W-03: a burst far above the limit of a socket costs a reader nothing but versions in between', async () => {
  const frames = socket.frames.length;
  let waiting = 0;
  for (let i = 0; i < BURST; i++) waiting = Math.max(waiting, await publish(true));
  await newest();
  expect(waiting).toBeLessThan(WAITING_BYTES_MAX);
  // That `prev` is the state before is checked of every frame; here: that they came in parts.
  expect(socket.frames.length - frames).toBeGreaterThanOrEqual(2);
  expect(view.history).not.toContain('gap');
});

test('W-03: who slept through more than is remembered is told so, and gets all of it anew', async () => {
  socket.pause();
  let waiting = await fillUp();
  // The frame that it is in the middle of is followed by a diff, as long as the changes are known.
  for (let i = 0; i < FAR; i++) waiting = Math.max(waiting, await publish(false));
  expect(waiting).toBeLessThan(WAITING_BYTES_MAX);
  const { resyncs } = (await weft.stats()).live;
  socket.resume();
  await newest();
  expect(view.history.at(-1)).toBe('gap');
  expect((await weft.stats()).live['resyncs']).toBe(resyncs! + 1);
});

test('W-03: who slept through less gets what it missed in one diff', async () => {
  socket.pause();
  await fillUp();
  for (let i = 0; i < 10; i++) await publish(false);
  const { conflated } = (await weft.stats()).live;
  socket.resume();
  await newest();
  expect(view.history.at(-1)).not.toBe('gap');
  expect((await weft.stats()).live['conflated']).toBeGreaterThanOrEqual(conflated! + 9);
});
