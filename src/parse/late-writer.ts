/** Adds rows to a bank that several jobs have filled, each its own slots: those that they deferred. */
import type { SegmentRef } from '../snapshot/layout.js';
import { BankWriter } from '../snapshot/writer.js';
import { GaveUp } from './failure.js';

export class LateWriter extends BankWriter {
  readonly #own = new Set<number>();

  constructor(ref: SegmentRef, version: number) {
    super(ref, version, 'late');
  }

  /** Of a row that a part has, too, only who reads the body in order knows which one is the last. */
  override isPresent(slot: number): boolean {
    const isPresent = super.isPresent(slot);
    if (isPresent && !this.#own.has(slot)) throw new GaveUp('a key stands in two parts');
    return isPresent;
  }

  override setPresent(slot: number): void {
    this.#own.add(slot);
    super.setPresent(slot);
  }
}
