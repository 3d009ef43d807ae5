/** W-06: clients that break the protocol, or say too much. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { BystanderWorld } from '../fixtures/bystander.js';
import { frame, OPCODE, RawWebSocket, type FrameShape } from '../fixtures/raw-ws.js';
import { until } from '../fixtures/until.js';
import { Started, type WeftProcess } from '../fixtures/weft-process.js';

const started = new Started();
let world: BystanderWorld;
const open = (): Promise<RawWebSocket> => world.open();

beforeAll(async () => {
  world = await BystanderWorld.start(started);
});
afterAll(() => started.endAll());
afterEach(() => world.unharmed());

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
    const before = await world.weft.metric('weft_live_floods_closed_total');
    const told = floods(world.process);
    const socket = await open();
    socket.write(Buffer.concat(Array<Buffer>(FRAMES).fill(frame(payload, shape))));
    await until('the end', () => socket.closed);
    await until('its line', () => floods(world.process) === told + 1);
    expect(socket.received.length).toBeLessThan(FRAMES);
    expect(await world.weft.metric('weft_live_floods_closed_total')).toBe(before + 1);
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
    const env = { UPSTREAM_URL: world.upstream.url(), READERS: 3 };
    const several = await started.weft('serve', { env });
    const client = started.add(await several.client());
    await until('ready', async () => (await client.get('/health/ready')).status === 200);
    // The system spreads them over the threads.
    for (let i = 0; i < 12; i++) {
      const socket = await RawWebSocket.open(Number(new URL(client.base).port));
      socket.write(Buffer.concat(Array<Buffer>(FRAMES).fill(frame('p', { opcode: OPCODE.ping }))));
      await until('the end', () => socket.closed);
      await until('its line', () => floods(several) === i + 1);
    }
    await until('the count', async () => (await client.metric('weft_live_floods_closed_total')) === 12);
    await several.stop();
  });
});
