/**
 * A segment as main owns it: allocation, pins, intent and publication. Workers see only its
 * SegmentRef. Main counts the jobs that read each bank; a parse that would fill a pinned bank waits.
 */
import { bug } from '../model/errors.js';
import type { FreeList } from './free-list.js';
import {
  CONTROL_INTENT,
  CONTROL_MAGIC,
  CONTROL_VERSION,
  CONTROL_WORDS,
  layoutOf,
  MAGIC,
  openSegment,
  type SegmentRef,
  type SegmentSpec,
} from './layout.js';
import { SegmentReader } from './reader.js';
import { currentWriter, declareIntent, enterWriter, publishVersion } from './seqlock.js';
import { Waiters } from './waiters.js';

export class Segment {
  readonly ref: SegmentRef;
  readonly reader: SegmentReader;
  readonly #free: FreeList;
  readonly #pins: [number, number] = [0, 0];
  readonly #waiters = new Waiters();
  #retired = false;
  #released = false;
  #busy = false;

  /** Allocates from the free list and clears what a reused buffer may still hold. */
  constructor(spec: SegmentSpec, free: FreeList) {
    const layout = layoutOf(spec);
    this.#free = free;
    const buffer = free.acquire(layout.byteLength);
    this.ref = { buffer, spec, reused: free.wasUsed(buffer) };
    const { i32 } = openSegment(this.ref);
    // A fresh buffer is zero already, and touching its pages would make them resident.
    if (this.ref.reused) {
      i32.fill(0, 0, CONTROL_WORDS);
      for (const bank of layout.banks) i32.fill(0, bank.presenceWord, bank.presenceWord + layout.bitmapWords);
      // The two indexes, and the spans: an entry that a dying writer claimed and left unwritten must
      // read as empty, not as some place far outside.
      i32.fill(0, layout.keyIndexWord, layout.keyByte0 / 4);
    }
    i32[CONTROL_INTENT] = spec.baseVersion;
    i32[CONTROL_VERSION] = spec.baseVersion;
    i32[CONTROL_MAGIC] = MAGIC;
    this.reader = new SegmentReader(this.ref);
  }

  get version(): number {
    return this.reader.begin();
  }

  /** Thread that wrote last, 0 for none. */
  get writer(): number {
    return currentWriter(this.reader.i32);
  }

  /** Declares the fill of the next version; returns it. The bank must be free of pins. */
  beginFill(): number {
    const next = this.version + 1;
    if (this.#pins[next & 1]! > 0) bug('the fill of a pinned bank');
    if (this.#busy) bug('two fills of one segment');
    this.#busy = true;
    enterWriter(this.reader.i32, 0);
    declareIntent(this.reader.i32, next);
    return next;
  }

  /** The fill is over and its thread will not write again; `published` when it was accepted. */
  endFill(version: number, published: boolean): void {
    if (published) publishVersion(this.reader.i32, version);
    this.#busy = false;
    this.#settle();
  }

  /** Counts a job that reads `version`'s bank; call the result once when it no longer does. */
  pin(version: number): () => void {
    const bank = version & 1;
    if (version !== this.version) bug(`a pin of version ${version}, published is ${this.version}`);
    this.#pins[bank]!++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#pins[bank]!--;
      this.#settle();
    };
  }

  /** True when the bank that the next version fills is free of readers. */
  get fillable(): boolean {
    return this.#pins[(this.version + 1) & 1] === 0;
  }

  /** Resolves when `fillable`, or when `signal` aborts (check again). */
  async whenFillable(signal: AbortSignal): Promise<void> {
    while (!this.fillable && !signal.aborted) await this.#waiters.wait(signal);
  }

  /** No longer served: its memory goes to the free list once nobody uses it. */
  retire(): void {
    this.#retired = true;
    this.#settle();
  }

  #settle(): void {
    this.#waiters.wakeAll();
    if (this.#retired && !this.#released && !this.#busy && this.#pins[0] + this.#pins[1] === 0) {
      this.#released = true;
      this.#free.release(this.ref.buffer);
    }
  }
}
