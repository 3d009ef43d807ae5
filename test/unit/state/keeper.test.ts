/** What is written when, and whose the memory is meanwhile. */
import { beforeEach, describe, expect, test } from 'vitest';
import { shareBody, type BodyBytes } from '../../../src/model/body.js';
import { BodyArena } from '../../../src/snapshot/arena.js';
import { FreeList } from '../../../src/snapshot/free-list.js';
import { StateKeeper } from '../../../src/state/keeper.js';
import type { StateReply, StateRequest } from '../../../src/state/messages.js';
import type { StateDisk } from '../../../src/state/thread.js';
import { FakeClock, flush } from '../../fixtures/fake-clock.js';

/** A disk that is as slow as the test wants. */
class SlowDisk implements StateDisk {
  readonly writes: string[] = [];
  readonly #open: ((reply: StateReply) => void)[] = [];
  closed = false;

  ask(request: StateRequest): Promise<StateReply> {
    if (request.op === 'write') {
      const { buffer, byteLength } = request.body;
      this.writes.push(`${request.meta.source}:${Buffer.from(buffer, 0, byteLength).toString()}`);
    }
    return new Promise((resolve) => this.#open.push(resolve));
  }

  /** Ends what is the oldest under way. */
  async end(reply: StateReply = { kind: 'done' }): Promise<void> {
    this.#open.shift()!(reply);
    await flush();
  }

  close(): Promise<void> {
    this.closed = true;
    for (const resolve of this.#open.splice(0)) resolve({ kind: 'failed', reason: 'closed' });
    return Promise.resolve();
  }
}

const free = new FreeList(2 ** 30, () => {});
let held = 0;
let clock: FakeClock;
let disk: SlowDisk;
let told: string[];
let keeper: StateKeeper;

beforeEach(() => {
  held = 0;
  clock = new FakeClock();
  disk = new SlowDisk();
  told = [];
  keeper = new StateKeeper({
    disk,
    clock,
    version: '1',
    intervalMs: 1000,
    observer: {
      written: (source) => told.push(`written ${source}`),
      failed: (source, reason) => told.push(`failed ${source}: ${reason}`),
      restored: (source) => told.push(`restored ${source}`),
      bad: (source, reason) => told.push(`bad ${source}: ${reason}`),
    },
  });
});

function bytesOf(text: string): BodyBytes {
  const arena = new BodyArena(free, 0, 1000);
  arena.append(Buffer.from(text));
  held += 1;
  const [one, two] = shareBody(arena, 2) as [BodyBytes, BodyBytes];
  two.release();
  return { ...one, release: () => ((held -= 1), one.release()) };
}

function keep(source: string, text: string): void {
  keeper.keep(source, { bytes: bytesOf(text), receivedAtMs: 1, snapshotTsMs: null, contentType: null });
}

describe('writes', () => {
  test('the first body at once, the newest of the rest after the interval', async () => {
    for (const text of ['1', '2', '3']) keep('a', text);
    expect(disk.writes).toEqual(['a:1']);
    expect(held).toBe(2);
    await disk.end();
    expect(held).toBe(1);
    await clock.advance(999);
    expect(disk.writes).toEqual(['a:1']);
    keep('a', '4');
    await clock.advance(1);
    expect(disk.writes).toEqual(['a:1', 'a:4']);
    await disk.end();
    expect(held).toBe(0);
    expect(told).toEqual(['written a', 'written a']);
    expect(clock.pending).toBe(0);
    await clock.advance(5000);
    keep('a', '5');
    expect(disk.writes.at(-1)).toBe('a:5');
  });

  test('one at a time, however slow the disk is', async () => {
    keep('a', '1');
    await clock.advance(10_000);
    for (const text of ['2', '3']) keep('a', text);
    await clock.advance(10_000);
    expect(disk.writes).toEqual(['a:1']);
    expect(held).toBe(2);
    await disk.end();
    expect(disk.writes).toEqual(['a:1', 'a:3']);
  });

  test('sources independently', () => {
    keep('a', '1');
    keep('b', '1');
    expect(disk.writes).toEqual(['a:1', 'b:1']);
  });

  test('again after the disk refused', async () => {
    keep('a', '1');
    await disk.end({ kind: 'failed', reason: 'ENOSPC' });
    expect(told).toEqual(['failed a: ENOSPC']);
    expect(held).toBe(0);
    await clock.advance(1000);
    keep('a', '2');
    expect(disk.writes).toEqual(['a:1', 'a:2']);
  });
});

describe('close', () => {
  test('writes what is newer than its file, and then ends the thread', async () => {
    keep('a', '1');
    await disk.end();
    keep('a', '2');
    keep('a', '3');
    keep('b', '1');
    const closed = keeper.close(5000);
    await flush();
    expect(disk.writes).toEqual(['a:1', 'b:1', 'a:3']);
    while (!disk.closed) await disk.end();
    await closed;
    expect(held).toBe(0);
    keep('a', '4');
    expect(held).toBe(0);
    expect(disk.writes.length).toBe(3);
  });

  test('waits for a disk that hangs until its deadline only', async () => {
    keep('a', '1');
    keep('a', '2');
    const closed = keeper.close(5000);
    await clock.advance(4999);
    expect(disk.closed).toBe(false);
    await clock.advance(1);
    await closed;
    expect(disk.closed).toBe(true);
    await flush();
    expect(held).toBe(0);
  });
});

describe('restore', () => {
  const meta = {
    format: 1,
    weft: '1',
    source: 'a',
    received_at_ms: 1,
    snapshot_ts_ms: null,
    content_type: null,
    bytes: 4,
  };

  test('gives the body, and tells what it could not use', async () => {
    const allocate = (): BodyBytes => bytesOf('body');
    const good = keeper.restore('a', 100, allocate);
    await disk.end({ kind: 'found', meta });
    await disk.end();
    const kept = (await good)!;
    expect(kept.meta).toBe(meta);
    expect(held).toBe(1);
    kept.bytes.release();
    const damaged = keeper.restore('a', 100, allocate);
    await disk.end({ kind: 'found', meta });
    await disk.end({ kind: 'bad', reason: 'it is damaged', aside: null });
    expect(await damaged).toBeNull();
    expect(held).toBe(0);
    const none = keeper.restore('b', 100, allocate);
    await disk.end({ kind: 'none' });
    expect(await none).toBeNull();
    const refused = keeper.restore('c', 100, allocate);
    await disk.end({ kind: 'failed', reason: 'EACCES' });
    expect(await refused).toBeNull();
    expect(told).toEqual(['restored a', 'bad a: it is damaged', 'failed c: EACCES']);
  });
});

test('a shared body is given back when its last owner has released it', () => {
  let released = 0;
  const body = { buffer: new SharedArrayBuffer(8), byteLength: 3, release: () => void (released += 1) };
  const [a, b] = shareBody(body, 2) as [BodyBytes, BodyBytes];
  expect([a.buffer, a.byteLength]).toEqual([body.buffer, 3]);
  a.release();
  a.release();
  expect(released).toBe(0);
  b.release();
  expect(released).toBe(1);
});
