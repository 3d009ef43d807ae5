/**
 * Bounds the memory of frames on their way to slow clients. A frame of many parts lives until its
 * last reader has it; clients that each trickle through another version would hold any number.
 */
import type { Frame } from './frame-shop.js';

/** Bytes of all frames under way, each counted once however many share it. */
const HELD_BYTES_MAX = 256 * 1024 * 1024;

export interface FrameHolder {
  /** True when the frame can be given up: it is no longer the newest and its client is slow. */
  readonly mayAbandon: boolean;
  /** Gives the frame up; the holder starts over from the state its client has. */
  abandon(): void;
}

export class HeldFrames {
  /** In the order of beginning: the oldest is given up first. */
  readonly #byHolder = new Map<FrameHolder, Frame>();
  readonly #holders = new Map<Frame, number>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax = HELD_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  hold(holder: FrameHolder, frame: Frame): void {
    this.#byHolder.set(holder, frame);
    const count = this.#holders.get(frame) ?? 0;
    this.#holders.set(frame, count + 1);
    if (count > 0) return;
    this.#bytes += frame.byteLength;
    for (const other of this.#byHolder.keys()) {
      if (this.#bytes <= this.#bytesMax) break;
      if (other === holder || !other.mayAbandon) continue;
      this.drop(other);
      other.abandon();
    }
  }

  /** The holder has sent its frame, or is gone. */
  drop(holder: FrameHolder): void {
    const frame = this.#byHolder.get(holder);
    if (!frame) return;
    this.#byHolder.delete(holder);
    const count = this.#holders.get(frame)! - 1;
    if (count > 0) {
      this.#holders.set(frame, count);
      return;
    }
    this.#holders.delete(frame);
    this.#bytes -= frame.byteLength;
  }
}
