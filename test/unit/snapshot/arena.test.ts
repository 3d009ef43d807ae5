import { describe, expect, test } from 'vitest';
import { DeliveryError } from '../../../src/model/outcome.js';
import { BodyArena, bodyBytes, sameBytes } from '../../../src/snapshot/arena.js';
import { FreeList } from '../../../src/snapshot/free-list.js';

const chunk = (size: number, seed: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, i) => (i * 31 + seed) & 255);

describe('free list', () => {
  test('a released buffer serves the next request that it fits', () => {
    const free = new FreeList(2 ** 30, () => undefined);
    const first = free.acquire(100_000);
    expect(free.wasUsed(first)).toBe(false);
    free.release(first);
    expect(free.acquire(90_000)).toBe(first);
    expect(free.wasUsed(first)).toBe(true);
    expect(free.stats).toEqual({ sharedBytes: first.byteLength, freeBytes: 0 });
  });

  test('a buffer over twice as big is not wasted on a small request', () => {
    const free = new FreeList(2 ** 30, () => undefined);
    const big = free.acquire(10_000_000);
    free.release(big);
    expect(free.acquire(1_000_000)).not.toBe(big);
  });

  test('a body that is a little larger than the last one reuses its buffer', () => {
    const free = new FreeList(2 ** 30, () => undefined);
    const first = new BodyArena(free, 40_000_000, 2 ** 30);
    first.release();
    const second = new BodyArena(free, 40_100_000, 2 ** 30);
    expect(second.buffer).toBe(first.buffer);
    expect(free.stats.sharedBytes).toBe(first.buffer.byteLength);
  });

  test('the smallest fitting buffer is taken', () => {
    const free = new FreeList(2 ** 30, () => undefined);
    const [a, b] = [free.acquire(400_000), free.acquire(300_000)];
    free.release(a);
    free.release(b);
    expect(free.acquire(250_000)).toBe(b);
  });

  test('past the cap the oldest is dropped and told of', () => {
    const dropped: number[] = [];
    const free = new FreeList(1_000_000, (bytes) => dropped.push(bytes));
    const [a, b] = [free.acquire(800_000), free.acquire(700_000)];
    free.release(a);
    free.release(b);
    expect(dropped).toEqual([a.byteLength]);
    expect(free.stats.sharedBytes).toBe(b.byteLength);
  });
});

describe('body arena', () => {
  test('keeps what was appended, over every growth', () => {
    const free = new FreeList(2 ** 30, () => undefined);
    const arena = new BodyArena(free, 0, 10_000_000);
    const parts = [chunk(1, 1), chunk(300_000, 2), chunk(70_001, 3), chunk(2_000_000, 4)];
    for (const part of parts) arena.append(part);
    expect(Buffer.compare(bodyBytes(arena.ref()), Buffer.concat(parts))).toBe(0);
    expect(arena.byteLength).toBe(2_370_002);
  });

  test('refuses the byte beyond the cap, naming cap and knob, and never holds more than the cap', () => {
    const free = new FreeList(2 ** 30, () => undefined);
    const arena = new BodyArena(free, 10 ** 12, 500_000);
    arena.append(chunk(500_000, 1));
    let error: unknown;
    try {
      arena.append(chunk(1, 1));
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(DeliveryError);
    expect((error as DeliveryError).outcome).toBe('too_large');
    expect((error as DeliveryError).message).toMatch(/500000 bytes.*MAX_DECODED_BYTES/);
    expect(arena.buffer.byteLength).toBeLessThan(600_000);
  });

  test('is given back once', () => {
    const free = new FreeList(2 ** 30, () => undefined);
    const arena = new BodyArena(free, 1000, 1000);
    arena.release();
    arena.release();
    expect(free.stats.freeBytes).toBe(arena.buffer.byteLength);
  });

  test('tells equal bodies from different ones, also when the rest of the buffer differs', () => {
    const free = new FreeList(0, () => undefined);
    const bodies = [chunk(1000, 1), chunk(1000, 1), chunk(1000, 2), chunk(999, 1)].map((bytes) => {
      const arena = new BodyArena(free, 0, 5000);
      arena.append(bytes);
      return arena;
    });
    new Uint8Array(bodies[1]!.buffer)[2000] = 7;
    const [a, b, c, d] = bodies.map((arena) => arena.ref());
    expect([sameBytes(a!, b!), sameBytes(a!, c!), sameBytes(a!, d!)]).toEqual([true, false, false]);
  });
});
