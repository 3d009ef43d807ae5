/**
 * One source's history as main owns it: its tables, blocks and frames, what is published and what
 * jobs still read. Workers see only a HistoryRef or a RecordTask.
 */
import { bug } from '../model/errors.js';
import type { Evictable, HistoryBudget } from './history-budget.js';
import { FRAME_BYTES_MAX, type HistoryRef } from './history-layout.js';
import { makeBlock, makeTables, type HistoryMemory, type TablesMemory } from './history-memory.js';
import { HistoryReader } from './history-reader.js';
import type { RecordAnswer, RecordTask } from './history-task.js';
import type { SegmentRef } from './layout.js';
import { Waiters } from './waiters.js';

interface Frame {
  readonly block: HistoryMemory;
  readonly offset8: number;
  readonly slots: number;
  readonly atMs: number;
}

/** The published bank that is to be recorded. */
export interface RecordedBank {
  readonly segment: SegmentRef;
  readonly version: number;
  readonly rows: number;
  readonly keyBytes: number;
}

export class HistoryStore implements Evictable {
  readonly columns: readonly string[];
  readonly #budget: HistoryBudget;
  readonly #keptMs: number;
  #tables: TablesMemory | null = null;
  /** Larger tables that the job under way fills from `#tables`. */
  #wider: TablesMemory | null = null;
  #blocks: HistoryMemory[] = [];
  #fill8 = 0;
  #frames: Frame[] = [];
  #firstFrame = 1;
  #version = 0;
  #slots = 0;
  #reader: HistoryReader | null = null;
  #startedMs: number | null = null;
  readonly #waiters = new Waiters();

  /** `keptMs`: frames older than this, by when they were recorded, go. */
  constructor(columns: readonly string[], budget: HistoryBudget, keptMs: number) {
    this.columns = columns;
    this.#budget = budget;
    this.#keptMs = keptMs;
    budget.add(this);
  }

  /** What is published, for main; null before the first sample. Valid until the next `finish`. */
  get reader(): HistoryReader | null {
    if (!this.#tables || this.#version === 0) return null;
    return (this.#reader ??= new HistoryReader(this.#ref(this.#tables)));
  }

  get frames(): number {
    return this.#frames.length;
  }

  get slots(): number {
    return this.#slots;
  }

  /** From when on, epoch ms, nothing is missing; null before the first sample. */
  get sinceMs(): number | null {
    return this.#startedMs;
  }

  get newestMs(): number | null {
    return this.#frames.at(-1)?.atMs ?? null;
  }

  #ref(tables: TablesMemory): HistoryRef {
    const frames = this.#frames;
    const places = new Map(this.#blocks.map((block, i) => [block, i]));
    return {
      tables: tables.ref,
      version: this.#version,
      slots: this.#slots,
      columns: this.columns,
      blocks: this.#blocks.map(({ buffer }) => buffer),
      frameBlock: Int32Array.from(frames, ({ block }) => places.get(block)!),
      frameOffset: Int32Array.from(frames, ({ offset8 }) => offset8),
      frameSlots: Int32Array.from(frames, ({ slots }) => slots),
    };
  }

  /** Counts a job that reads the published version; call the result once when it no longer does. */
  pin(): () => void {
    const tables = this.#tables ?? bug('a pin of an empty history');
    const blocks = [...this.#blocks];
    const parity = (this.#version & 1) as 0 | 1;
    tables.readers[parity]++;
    const pinned = [tables, ...blocks];
    for (const one of pinned) one.pin();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      tables.readers[parity]--;
      for (const one of pinned) one.unpin();
      this.#waiters.wakeAll();
    };
  }

  get #writable(): boolean {
    return !this.#tables || this.#tables.readers[((this.#version + 1) & 1) as 0 | 1] === 0;
  }

  /** Resolves when no job reads what the next recording writes. False when `signal` aborted first. */
  async whenWritable(signal: AbortSignal): Promise<boolean> {
    while (!this.#writable && !signal.aborted) await this.#waiters.wait(signal);
    return !signal.aborted;
  }

  /** What a worker needs to record `bank`; null when the bound leaves no room. Call when writable. */
  plan(bank: RecordedBank): RecordTask | null {
    this.#tables ??= makeTables(this.#budget, this.columns.length, bank.rows, bank.keyBytes, 0);
    if (!this.#tables) return null;
    if (this.#blocks.length === 0 && !this.#addBlock()) return null;
    const block = this.#blocks.at(-1)!;
    const end8 = Math.min(block.buffer.byteLength / 8, this.#fill8 + FRAME_BYTES_MAX / 8);
    return {
      tables: (this.#wider ?? this.#tables).ref,
      replaced: this.#wider ? this.#tables.ref : null,
      version: this.#version,
      frame: this.#firstFrame + this.#frames.length,
      oldestFrame: this.#firstFrame,
      columns: this.columns,
      segment: bank.segment,
      bankVersion: bank.version,
      block: block.buffer,
      start8: this.#fill8,
      end8,
    };
  }

  /**
   * Takes a job's answer. `again`: room was made, plan once more. `no_memory`: the bound leaves no
   * room for this sample.
   */
  finish(answer: RecordAnswer, atMs: number): 'recorded' | 'nothing' | 'again' | 'no_memory' {
    if (answer.kind === 'full') {
      this.abandon();
      const { columns, slotCapacity } = this.#tables!.spec;
      this.#wider = makeTables(this.#budget, columns, answer.rows, answer.keyBytes, slotCapacity);
      return this.#wider ? 'again' : 'no_memory';
    }
    this.#adopt();
    if (answer.kind === 'nothing') return 'nothing';
    if (answer.kind === 'no_room') return this.#fill8 > 0 && this.#addBlock() ? 'again' : 'no_memory';
    this.#frames.push({ block: this.#blocks.at(-1)!, offset8: this.#fill8, slots: answer.slots, atMs });
    this.#fill8 += answer.length8;
    this.#version++;
    this.#slots = answer.slots;
    this.#startedMs ??= atMs;
    this.#reader = null;
    this.#forgetBefore(atMs - this.#keptMs);
    return 'recorded';
  }

  /** Gives everything back, behind the jobs that read it. Nothing is recorded any more. */
  close(): void {
    this.abandon();
    this.#budget.remove(this);
    this.#tables?.drop();
    for (const block of this.#blocks) block.drop();
    this.#tables = this.#reader = null;
    this.#blocks = [];
    this.#frames = [];
    this.#slots = 0;
  }

  /** The job failed and its thread has stopped: nothing that it wrote counts. */
  abandon(): void {
    this.#wider?.drop();
    this.#wider = null;
  }

  #adopt(): void {
    if (!this.#wider) return;
    this.#tables!.drop();
    this.#tables = this.#wider;
    this.#wider = null;
    this.#reader = null;
  }

  #addBlock(): boolean {
    const block = makeBlock(this.#budget, (this.#wider ?? this.#tables!).spec);
    if (!block) return false;
    this.#blocks.push(block);
    this.#fill8 = 0;
    this.#reader = null;
    return true;
  }

  #forgetBefore(oldestMs: number): void {
    let gone = 0;
    while (gone < this.#frames.length - 1 && this.#frames[gone]!.atMs < oldestMs) gone++;
    this.#forget(gone);
  }

  /** Drops the oldest `count` frames, and the blocks that hold no other. */
  #forget(count: number): boolean {
    if (count > 0) {
      this.#startedMs = this.#frames[count - 1]!.atMs;
      this.#frames = this.#frames.slice(count);
      this.#firstFrame += count;
      this.#reader = null;
    }
    const first = this.#frames[0]?.block ?? this.#blocks.at(-1)!;
    let free = true;
    while (this.#blocks[0] !== first) {
      free = this.#blocks.shift()!.drop() && free;
    }
    return free;
  }

  oldestBlockMs(): number | undefined {
    const [oldest] = this.#blocks;
    // The last one is being written.
    if (!oldest || this.#blocks.length < 2) return undefined;
    return this.#frames.findLast(({ block }) => block === oldest)?.atMs ?? 0;
  }

  evict(): boolean {
    const [oldest] = this.#blocks;
    return this.#forget(this.#frames.filter(({ block }) => block === oldest).length);
  }
}
