import { expect, test } from 'vitest';
import type { Frame } from '../../../src/live/frame-shop.js';
import { HeldFrames, type FrameHolder } from '../../../src/live/held-frames.js';

function frameOf(byteLength: number): Frame {
  return { byteLength, parts: [], empty: false, kind: 'snapshot', target: undefined as never };
}

class Holder implements FrameHolder {
  abandoned = 0;
  mayAbandon: boolean;
  constructor(mayAbandon: boolean) {
    this.mayAbandon = mayAbandon;
  }
  abandon(): void {
    this.abandoned++;
  }
}

test('a frame counts once however many hold it, and until the last lets go', () => {
  const held = new HeldFrames(1000);
  const frame = frameOf(400);
  const holders = [new Holder(true), new Holder(true), new Holder(false)];
  for (const holder of holders) held.hold(holder, frame);
  expect(held.bytes).toBe(400);
  held.drop(holders[0]!);
  held.drop(holders[0]!);
  held.drop(holders[1]!);
  expect(held.bytes).toBe(400);
  held.drop(holders[2]!);
  expect(held.bytes).toBe(0);
});

test('past the limit the oldest that may be given up are, until it fits', () => {
  const held = new HeldFrames(1000);
  const [kept, first, second, third, newest] = [false, true, true, true, true].map((may) => new Holder(may));
  held.hold(kept!, frameOf(300));
  held.hold(first!, frameOf(300));
  held.hold(second!, frameOf(300));
  held.hold(third!, frameOf(100));
  expect(held.bytes).toBe(1000);
  held.hold(newest!, frameOf(500));
  expect([kept, first, second, third, newest].map((holder) => holder!.abandoned)).toEqual([0, 1, 1, 0, 0]);
  expect(held.bytes).toBe(900);
});

test('a frame shared with one who keeps it frees nothing, so the next oldest goes, too', () => {
  const held = new HeldFrames(1000);
  const shared = frameOf(600);
  const [keeper, sharer, other, newest] = [false, true, true, true].map((may) => new Holder(may));
  held.hold(keeper!, shared);
  held.hold(sharer!, shared);
  held.hold(other!, frameOf(300));
  held.hold(newest!, frameOf(400));
  expect([keeper, sharer, other, newest].map((holder) => holder!.abandoned)).toEqual([0, 1, 1, 0]);
  expect(held.bytes).toBe(1000);
});
