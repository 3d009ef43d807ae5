/** W: clients that break the protocol, say too much, ask for too much, or say nothing at all. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { goodBody, ROW_COUNT } from '../fixtures/fault-world.js';
import type { HttpClient } from '../fixtures/http-client.js';
import type { LiveView } from '../fixtures/live-client.js';
import { expectEqualList, LiveSocket } from '../fixtures/live-socket.js';
import { frame, OPCODE, RawWebSocket, type FrameShape } from '../fixtures/raw-ws.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started, type WeftProcess } from '../fixtures/weft-process.js';

/** What a selection may hold: all rows of one column, and not those of two. */
const FRAME_CELLS_MAX = ROW_COUNT + 10;
/** The library takes no less. */
const LIVE_IDLE_MS = 8000;

const started = new Started();
let upstream: Upstream;
let process: WeftProcess;
let weft: HttpClient;
/** Who is not concerned by any of this. */
let bystander: LiveSocket;
let view: LiveView;
let n = 0;

const portOf = (client: HttpClient): number => Number(new URL(client.base).port);
const open = (): Promise<RawWebSocket> => RawWebSocket.open(portOf(weft));

beforeAll(async () => {
  upstream = started.add(await Upstream.start());
  upstream.body = Buffer.from(goodBody(n));
  const env = { UPSTREAM_URL: upstream.url(), MAX_FRAME_CELLS: FRAME_CELLS_MAX };
  process = await started.weft('serve', { env });
  weft = started.add(await process.client());
  await until('the first publish', async () => (await weft.source()).version >= 1);
  bystander = started.add(await LiveSocket.open(weft.base));
  view = bystander.subscribe({ id: 'b', metrics: ['rx'] });
});
afterAll(() => started.endAll());

/** The server goes on as if nothing had happened, and whoever was there is gone. */
afterEach(async () => {
  upstream.body = Buffer.from(goodBody(++n));
  await until('the next version at the bystander', () => view.rows.get('r1')?.get('rx') === n);
  bystander.check();
  expect(bystander.code).toBeNull();
  await expectEqualList(view, weft, 'fields=rx');
  await until('nobody else', async () => (await weft.metric('weft_live_connections')) === 1);
  for (const event of ['live.error', 'live.bug', 'crash']) expect(process.events(event)).toEqual([]);
});

/** Connections that were closed with 1008. */
const floods = (weftProcess: WeftProcess): number =>
  weftProcess.events('live.close').filter(({ code }) => code === 1008).length;

const PING = '{"op":"ping"}';
const LARGE = 'x'.repeat(1024 * 1024);

/** Frames that no server may take, and whether the client is told by a close frame. */
const BROKEN: readonly (readonly [string, string | Buffer, FrameShape])[] = [
  ['W-06: a frame of 1 MiB', LARGE, {}],
  ['W-06: the head of a frame of 1 MiB', '', { saidLength: LARGE.length }],
  ['W-06: the head of a frame of 2^53 bytes', '', { saidLength: 2 ** 53 }],
  ['W-06: text that is not UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22]), {}],
  ['W-06: a reserved bit', PING, { reserved: 4 }],
  ['W-06: an unknown kind of frame', PING, { opcode: 3 }],
  ['W-06: an unknown control frame', PING, { opcode: 11 }],
  ['W-06: the end of a message that never began', PING, { opcode: OPCODE.more }],
  ['W-06: a ping in fragments', 'x', { opcode: OPCODE.ping, fin: false }],
  ['W-06: a ping of 126 bytes', 'x'.repeat(126), { opcode: OPCODE.ping }],
  ['W-06: a close frame with half a code', 'x', { opcode: OPCODE.close }],
];

describe('what breaks the protocol ends the connection', () => {
  test.each(BROKEN)('%s', async (_what, payload, shape) => {
    const socket = await open();
    socket.send(payload, shape);
    await until('the end', () => socket.closed);
    expect(socket.messages.map(({ type }) => type)).toEqual(['hello']);
  });

  test('W-06: a message within a message', async () => {
    const socket = await open();
    socket.send('{"op":', { fin: false });
    socket.send(PING);
    await until('the end', () => socket.closed);
    expect(socket.messages).toHaveLength(1);
  });

  test('W-06: binary data is refused with 1003', async () => {
    const socket = await open();
    socket.send(PING, { opcode: OPCODE.binary });
    await until('the end', () => socket.closed);
    expect([socket.closeCode, socket.messages.length]).toEqual([1003, 1]);
  });

  test('W-06: frames without a mask are never understood, and end the connection soon', async () => {
    const socket = await open();
    // The library does not look at the bit: it takes four bytes for the mask, and chokes on what it reads.
    socket.write(Buffer.concat(Array<Buffer>(50).fill(frame(PING, { masked: false }))));
    await until('the end', () => socket.closed);
    expect(socket.messages.map(({ type }) => type)).not.toContain('pong');
  });

  test('W-06: fragments without end are cut at the limit of a message', async () => {
    const socket = await open();
    socket.send('{"op":"ping","x":"', { fin: false });
    const more = frame('x'.repeat(100), { opcode: OPCODE.more, fin: false });
    for (let i = 0; i < 1000; i++) socket.write(more);
    await until('the end', () => socket.closed);
    expect(socket.messages).toHaveLength(1);
  });

  test('W-06: a message in a thousand fragments is one message', async () => {
    const socket = await open();
    const text = PING.padEnd(1000);
    const fragments = [...text].map((letter, i) =>
      frame(letter, { opcode: i === 0 ? OPCODE.text : OPCODE.more, fin: i === text.length - 1 }),
    );
    socket.write(Buffer.concat(fragments));
    await until('the pong', () => socket.messages.some(({ type }) => type === 'pong'));
    socket.close();
  });
});

describe('floods', () => {
  const FLOODS: readonly (readonly [string, string, FrameShape])[] = [
    ['W-06: of pings', 'p', { opcode: OPCODE.ping }],
    ['W-06: of pongs', 'p', { opcode: OPCODE.pong }],
    ['W-06: of messages', PING, {}],
  ];
  const FRAMES = 20_000;

  test.each(FLOODS)('%s are closed with 1008, and counted', async (_what, payload, shape) => {
    const before = await weft.metric('weft_live_floods_closed_total');
    const told = floods(process);
    const socket = await open();
    socket.write(Buffer.concat(Array<Buffer>(FRAMES).fill(frame(payload, shape))));
    await until('the end', () => socket.closed);
    await until('its line', () => floods(process) === told + 1);
    expect(socket.received.length).toBeLessThan(FRAMES);
    expect(await weft.metric('weft_live_floods_closed_total')).toBe(before + 1);
  });

  test('W-06: as much as is allowed is answered', async () => {
    const socket = await open();
    socket.write(Buffer.concat(Array<Buffer>(1000).fill(frame('p', { opcode: OPCODE.ping }))));
    await until('all pongs', () => {
      return socket.received.filter(({ opcode }) => opcode === OPCODE.pong).length === 1000;
    });
    socket.close();
  });

  test('W-06: on every thread that serves', async () => {
    const env = { UPSTREAM_URL: upstream.url(), READERS: 3 };
    const several = await started.weft('serve', { env });
    const client = started.add(await several.client());
    await until('ready', async () => (await client.get('/health/ready')).status === 200);
    // The system spreads them over the threads.
    for (let i = 0; i < 12; i++) {
      const socket = await RawWebSocket.open(portOf(client));
      socket.write(Buffer.concat(Array<Buffer>(FRAMES).fill(frame('p', { opcode: OPCODE.ping }))));
      await until('the end', () => socket.closed);
      await until('its line', () => floods(several) === i + 1);
    }
    await until('the count', async () => (await client.metric('weft_live_floods_closed_total')) === 12);
    await several.stop();
  });
});

describe('what is asked for', () => {
  const subscribe = (socket: LiveSocket, id: string, switches: readonly string[]): void =>
    socket.send({ op: 'subscribe', id, switches, metrics: ['rx'] });
  const names = (from: number, count: number): string[] =>
    Array.from({ length: count }, (_, i) => (from + i).toString(36));

  test('W-07: a hundred thousand patterns: as many as a connection may have, the rest is told so', async () => {
    const socket = started.add(await LiveSocket.open(weft.base));
    for (let i = 0; i < 100; i++) {
      socket.client.expect(`s${i}`);
      subscribe(socket, `s${i}`, [...names(i * 1000, 999), `r${i}*`]);
    }
    await until('an answer to each', () => {
      socket.check();
      const served = [...socket.client.views.values()].filter(({ snapshotId }) => snapshotId !== null);
      return served.length === 64 && socket.client.errors.length === 36;
    });
    for (const { error, message } of socket.client.errors) {
      expect(error).toBe('too_large');
      expect(message).toMatch(/64 subscriptions \(SUBSCRIPTIONS_MAX\)/);
    }
    expect(socket.client.views.get('s1')!.rows.has('r10')).toBe(true);
    expect(socket.code).toBeNull();
    socket.close();
  });

  test('W-07: more patterns than one selection may have are refused, and too many for one message cut', async () => {
    const socket = started.add(await LiveSocket.open(weft.base));
    subscribe(socket, 'many', names(0, 10_001));
    const error = await until('the error', () => socket.client.errors[0]);
    expect(error).toMatchObject({
      id: 'many',
      message: expect.stringMatching(/10001 items.* 10000/) as string,
    });
    subscribe(socket, 'more', names(0, 100_000));
    expect(await socket.closed()).toBe(1006);
    expect(socket.client.errors).toHaveLength(1);
    const reason = (): unknown => process.events('live.close').at(-1)?.['reason'];
    await until('the reason in the log', () => /too big/.test(String(reason())));
  });

  test('W-07: unknown metrics, too many cells: an error under its id, and the connection goes on', async () => {
    const socket = started.add(await LiveSocket.open(weft.base));
    socket.send({ op: 'subscribe', id: 'unknown', metrics: ['rx', 'speed'] });
    socket.send({ op: 'subscribe', id: 'large' });
    await until('both errors', () => socket.client.errors.length === 2);
    const errors = new Map(socket.client.errors.map((one) => [one.id, one]));
    expect(errors.get('unknown')).toMatchObject({ error: 'unknown_metric' });
    expect(errors.get('unknown')!.message).toMatch(/'speed'.*rx/s);
    expect(errors.get('large')).toMatchObject({ error: 'too_large' });
    expect(errors.get('large')!.message).toMatch(/MAX_FRAME_CELLS/);
    const mine = socket.subscribe({ id: 'unknown', metrics: ['rx'] });
    await until('a snapshot under the same id', () => mine.snapshotId);
    await expectEqualList(mine, weft, 'fields=rx');
    socket.close();
  });
});

describe('W-05: clients that answer no ping', () => {
  test('W-05: are cut after LIVE_IDLE_MS and counted; one that answers stays', async () => {
    const env = { UPSTREAM_URL: upstream.url(), SLOW_CLIENT_MS: 5000, LIVE_IDLE_MS };
    const patient = await started.weft('serve', { env });
    const client = started.add(await patient.client());
    const pings = (socket: RawWebSocket): number =>
      socket.received.filter(({ opcode }) => opcode === OPCODE.ping).length;
    const silent = await RawWebSocket.open(portOf(client));
    const quiet = until('the end of the silent one', () => silent.closed, 60_000);
    // It answers by hand. Should this process be held up for seconds, it is cut as well: then once more.
    await until(
      'one that was pinged twice and is still there',
      async () => {
        const socket = await RawWebSocket.open(portOf(client));
        for (let answered = 0; answered < 3;) {
          await until('a ping', () => pings(socket) > answered || socket.closed, 60_000);
          if (socket.closed) return false;
          socket.send('', { opcode: OPCODE.pong });
          answered = pings(socket);
        }
        socket.send(PING);
        await until('the pong', () => socket.messages.some(({ type }) => type === 'pong'));
        socket.close();
        return true;
      },
      90_000,
    );
    await quiet;
    expect(pings(silent)).toBeGreaterThanOrEqual(1);
    expect(silent.closeCode).toBeNull();
    const closed = await until('its line', () => patient.events('live.close')[0]);
    expect(closed).toMatchObject({ code: 1006, reason: expect.stringMatching(/inactivity/) as string });
    expect(closed['duration_ms']).toBeGreaterThanOrEqual(LIVE_IDLE_MS / 2);
    expect(await client.metric('weft_live_idle_closed_total')).toBeGreaterThanOrEqual(1);
    await patient.stop();
  });
});
