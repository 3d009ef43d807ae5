/** One frame on its way to one client. */
import type { LiveStats } from './context.js';
import type { Frame } from './frame-shop.js';
import type { FrameHolder, HeldFrames } from './held-frames.js';
import type { SnapshotReason } from './messages.js';

const RESYNC_REASONS: ReadonlySet<SnapshotReason> = new Set(['schema', 'rebuilt', 'too_old', 'gap']);

export class Outgoing {
  readonly frame: Frame;
  readonly prefix: string;
  readonly #reason: SnapshotReason;
  /** Next part to send. */
  next = 0;
  #isHeld = false;

  constructor(frame: Frame, prefix: string, reason: SnapshotReason) {
    this.frame = frame;
    this.prefix = prefix;
    this.#reason = reason;
  }

  /** A frame that stays beyond a turn counts as memory; most are sent at once. */
  hold(held: HeldFrames, holder: FrameHolder): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    held.hold(holder, this.frame);
  }

  /** The last part is out. `merged`: publishes in it beyond the first. */
  sent(held: HeldFrames, holder: FrameHolder, stats: LiveStats, merged: number): void {
    if (this.#isHeld) held.drop(holder);
    if (this.frame.kind === 'diff' || this.#reason === 'dense') stats.conflated += merged;
    else if (RESYNC_REASONS.has(this.#reason)) stats.resyncs++;
  }
}
