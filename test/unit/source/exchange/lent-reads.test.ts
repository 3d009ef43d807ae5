import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { bodyOf, ExchangeRig, NEVER } from '../../../fixtures/exchange-rig.js';
import type { AllocateBody } from '../../../../src/model/body.js';
import { seededRandom } from '../../../fixtures/fake-clock.js';

const rig = new ExchangeRig();
const BODY_BYTES = 1_500_000;
let server: Server | null = null;

afterEach(async () => {
  server?.close();
  if (server) await once(server, 'close');
  server = null;
});

/** Bytes in which every stretch is another one. */
function bodyFor(seed: number): Buffer {
  const random = seededRandom(seed);
  const words = Array.from({ length: BODY_BYTES / 10 }, () => Math.floor(random() * 2 ** 30).toString(36));
  return Buffer.from(words.join(','));
}

function chunked(body: Buffer, random: () => number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const part = body.subarray(at, at + 1 + Math.floor(random() ** 4 * 400_000));
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
    at += part.length;
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

/** Sends pieces from one byte to some hundred thousand, now together and now apart. */
async function drip(socket: Socket, bytes: Buffer, random: () => number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const piece = bytes.subarray(at, at + 1 + Math.floor(random() ** 3 * 300_000));
    socket.write(piece);
    at += piece.length;
    if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, random() < 0.1 ? 2 : 0));
  }
}

/** Answers /<seed> with that body, chunked where the seed is odd. */
async function listen(): Promise<string> {
  server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (request: Buffer) => {
      const seed = Number(/^GET \/(\d+)/.exec(request.toString('latin1'))![1]);
      const random = seededRandom(seed + 1000);
      const body = bodyFor(seed);
      const length = seed % 2 === 1 ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
      const head = `HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nX-Filler: ${'x'.repeat(3000)}\r\n${length}\r\n\r\n`;
      void drip(
        socket,
        Buffer.concat([Buffer.from(head), seed % 2 === 1 ? chunked(body, random) : body]),
        random,
      );
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('bodies read into one buffer', () => {
  it('are whole, however their bytes arrive, also beside others', async () => {
    const url = await listen();
    const limits = { bodyBytesMax: 2 * BODY_BYTES, decodedBytesMax: 2 * BODY_BYTES, timeoutMs: 60_000 };
    for (let round = 0; round < 4; round++) {
      const seeds = Array.from({ length: 4 }, (_, i) => round * 4 + i);
      await Promise.all(
        seeds.map(async (seed) => {
          const one = rig.open(`${url}/${seed}`, limits);
          const text = bodyOf(await one.fetch(null, NEVER));
          await one.close();
          expect(text === bodyFor(seed).toString(), `body ${seed}`).toBe(true);
        }),
      );
    }
  }, 60_000);

  it('are handed on as they were read, one read in a turn of the loop', async () => {
    const url = await listen();
    const bytesOf = new Map<ArrayBufferLike, number>();
    const ledger = rig.ledger;
    let turnBytes = 0;
    let turnBytesMax = 0;
    const counting: AllocateBody = (hint, bytesMax) => {
      const sink = ledger.allocate(hint, bytesMax);
      const append = sink.append.bind(sink);
      sink.append = (chunk) => {
        bytesOf.set(chunk.buffer, (bytesOf.get(chunk.buffer) ?? 0) + chunk.byteLength);
        append(chunk);
        if (turnBytes === 0) setImmediate(() => (turnBytes = 0));
        turnBytes += chunk.byteLength;
        turnBytesMax = Math.max(turnBytesMax, turnBytes);
      };
      return sink;
    };
    const limits = { bodyBytesMax: 2 * BODY_BYTES, decodedBytesMax: 2 * BODY_BYTES, timeoutMs: 60_000 };
    let total = 0;
    for (let seed = 0; seed < 8; seed++) {
      const one = rig.open(`${url}/${seed}`, limits, counting);
      total += bodyOf(await one.fetch(null, NEVER)).length;
      await one.close();
    }
    expect(turnBytesMax).toBeLessThanOrEqual(256 * 1024);
    // But for what comes with the headers.
    expect(Math.max(...bytesOf.values())).toBeGreaterThan(total / 2);
  }, 60_000);
});
