import { describe, expect, it } from 'vitest';
import { WRITE_SLICE_BYTES } from '../../../src/model/limits.js';
import { BulkSender, type BulkResponse } from '../../../src/server/bulk.js';

/** A socket that takes `room` bytes and then nothing, until it is given more room. */
class FakeResponse implements BulkResponse {
  readonly received: Buffer[] = [];
  readonly writes: number[] = [];
  #offset = 0;
  #finished = false;
  #writable: (offset: number) => boolean = () => true;

  constructor(public room: number) {}

  tryEnd(chunk: string | Uint8Array, totalBytes: number): [boolean, boolean] {
    if (this.#finished) throw new Error('used after its end');
    if (chunk.length === 0) throw new Error('an empty write');
    const taken = Math.min(this.room, chunk.length);
    this.received.push(Buffer.from(chunk.slice(0, taken) as Uint8Array));
    this.writes.push(taken);
    this.room -= taken;
    this.#offset += taken;
    this.#finished = this.#offset === totalBytes;
    return [taken === chunk.length, this.#finished];
  }

  getWriteOffset(): number {
    if (this.#finished) throw new Error('used after its end');
    return this.#offset;
  }

  cork(write: () => void): never {
    write();
    return undefined as never;
  }

  onWritable(handler: (offset: number) => boolean): never {
    this.#writable = handler;
    return undefined as never;
  }

  /** The socket has room again. */
  take(bytes: number): boolean {
    this.room += bytes;
    return this.#writable(this.#offset);
  }

  get body(): Buffer {
    return Buffer.concat(this.received);
  }
}

function bytes(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 255);
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Starts a body; the result tells when it ended. */
function start(sender: BulkSender, res: FakeResponse, chunks: readonly Uint8Array[]): { ended: number } {
  const state = { ended: 0 };
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  sender.start(res, chunks, total, () => state.ended++);
  return state;
}

describe('a download', () => {
  it('joins chunks and skips empty ones', () => {
    const sender = new BulkSender(1e6);
    const res = new FakeResponse(Infinity);
    const chunks = [new Uint8Array(0), bytes(1000, 1), new Uint8Array(0), bytes(30, 2), new Uint8Array(0)];
    const state = start(sender, res, chunks);
    expect(state.ended).toBe(1);
    expect(res.body.equals(Buffer.concat(chunks))).toBe(true);
    expect(sender.bytesInFlight).toBe(0);
  });

  it('hands a small body over in one piece, and the rest when the socket takes more', async () => {
    const sender = new BulkSender(1e6);
    const whole = new FakeResponse(Infinity);
    const chunks = [bytes(15_000, 1), bytes(40, 2)];
    expect(start(sender, whole, chunks).ended).toBe(1);
    expect(whole.writes).toEqual([15_040]);
    for (const room of [0, 10, 14_999, 15_000, 15_001]) {
      const res = new FakeResponse(room);
      const state = start(sender, res, chunks);
      expect([state.ended, sender.bytesInFlight]).toEqual([0, 15_040 - room]);
      // What they were joined in serves the next body meanwhile.
      start(sender, new FakeResponse(Infinity), [bytes(9_000, 5), bytes(9_000, 6)]);
      res.take(Infinity);
      await turn();
      expect([state.ended, sender.bytesInFlight]).toEqual([1, 0]);
      expect(res.body.equals(Buffer.concat(chunks))).toBe(true);
    }
  });

  it('writes one slice a turn', async () => {
    const sender = new BulkSender(1e9);
    const res = new FakeResponse(Infinity);
    const chunks = [bytes(WRITE_SLICE_BYTES * 2 + 100, 3), bytes(200, 4)];
    const state = start(sender, res, chunks);
    expect(res.body.length).toBe(WRITE_SLICE_BYTES);
    await turn();
    expect(res.body.length).toBe(WRITE_SLICE_BYTES * 2);
    expect(sender.bytesInFlight).toBe(300);
    await turn();
    expect(state.ended).toBe(1);
    expect(res.body.equals(Buffer.concat(chunks))).toBe(true);
  });

  it('goes on where the socket stopped taking', async () => {
    const sender = new BulkSender(1e9);
    const res = new FakeResponse(10);
    const chunks = [bytes(7, 5), bytes(100_000, 6), bytes(9, 7)];
    const state = start(sender, res, chunks);
    await turn();
    expect(res.body.length).toBe(10);
    for (let i = 0; i < 200 && state.ended === 0; i++) {
      expect(res.take(997)).toBe(true);
      await turn();
    }
    expect(state.ended).toBe(1);
    expect(res.body.equals(Buffer.concat(chunks))).toBe(true);
    expect(sender.bytesInFlight).toBe(0);
  });

  it('goes on with what a first attempt left', async () => {
    const sender = new BulkSender(1e9);
    const res = new FakeResponse(40);
    const body = bytes(100, 9);
    res.tryEnd(body, body.length);
    let ended = 0;
    sender.resume(res, body, () => ended++);
    expect(sender.bytesInFlight).toBe(60);
    body.fill(0, 40); // a scratch buffer is used again
    res.take(1000);
    await turn();
    expect([ended, sender.bytesInFlight]).toEqual([1, 0]);
    expect(res.body.equals(Buffer.from(bytes(100, 9)))).toBe(true);
  });

  it('writes nothing once its client has left', async () => {
    const sender = new BulkSender(1e9);
    const res = new FakeResponse(Infinity);
    let ended = 0;
    const body = bytes(WRITE_SLICE_BYTES * 3, 8);
    const download = sender.start(res, [body], body.length, () => ended++);
    download!.abort();
    download!.abort();
    await turn();
    expect([res.body.length, ended, sender.bytesInFlight]).toEqual([WRITE_SLICE_BYTES, 0, 0]);
  });
});

describe('all downloads', () => {
  it('write at most one slice a turn, in turns', async () => {
    const sender = new BulkSender(1e9);
    const body = bytes(WRITE_SLICE_BYTES * 3, 9);
    const all = Array.from({ length: 10 }, () => new FakeResponse(Infinity));
    const states = all.map((res) => start(sender, res, [body]));
    const written = (): number => all.reduce((sum, res) => sum + res.writes.length, 0);
    let before = written();
    expect(before).toBe(10);
    for (let turns = 0; turns < 20; turns++) {
      await turn();
      expect(written() - before).toBe(1);
      before = written();
    }
    expect(states.every((state) => state.ended === 1)).toBe(true);
  });

  it('are bounded in bytes, one alone always may', () => {
    const sender = new BulkSender(1000);
    expect(sender.admits(5000)).toBe(true);
    start(sender, new FakeResponse(0), [bytes(600, 1)]);
    expect(sender.bytesInFlight).toBe(600);
    expect([sender.admits(400), sender.admits(401)]).toEqual([true, false]);
  });
});
