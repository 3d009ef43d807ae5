/**
 * Reads one segment: rows by key, cells by column, text by id. Any thread.
 *
 * The reader's steps are `begin`, the reads, `validate`: what was read counts only when validate
 * says so. The main thread (which alone declares and publishes) and jobs that read a pinned bank
 * may skip validation: nobody can write under them.
 */
import { previousView, type BankView, type ColumnView } from './bank-view.js';
import type { ByteTable } from './byte-table.js';
import {
  BANK_HELD,
  BANK_RECEIVED_TS_F64,
  BANK_ROWS,
  BANK_SLOTS,
  BANK_SNAPSHOT_TS_F64,
  BANK_STRINGS,
  openSegment,
  type BankLayout,
  type SegmentRef,
  type SegmentSpec,
  type SegmentViews,
} from './layout.js';
import { keyBytesOf } from './key-bytes.js';
import { beginRead, validateRead } from './seqlock.js';
import { rowIndex, stringTable } from './tables.js';

export { isValid, tagOf, type BankView, type ColumnView, type PreviousView } from './bank-view.js';

const decoder = new TextDecoder();

export class SegmentReader {
  readonly ref: SegmentRef;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  readonly #views: SegmentViews;
  readonly #keys: ByteTable;
  readonly #strings: ByteTable;
  readonly #columns: readonly [readonly ColumnView[], readonly ColumnView[]];
  readonly #banks: [BankView | null, BankView | null] = [null, null];
  #texts: string[] = [];

  constructor(ref: SegmentRef) {
    this.ref = ref;
    this.#views = openSegment(ref);
    this.i32 = this.#views.i32;
    this.u8 = this.#views.u8;
    this.#keys = rowIndex(this.#views);
    this.#strings = stringTable(this.#views);
    this.#columns = [this.#columnsOf(0), this.#columnsOf(1)];
  }

  get spec(): SegmentSpec {
    return this.ref.spec;
  }

  #columnsOf(bank: 0 | 1): ColumnView[] {
    const { i32, f64, layout } = this.#views;
    const { cell0, validityWord, tagWord, previous } = layout.banks[bank];
    return this.spec.columns.map((column, c) => ({
      name: column.name,
      kind: column.kind,
      i32,
      f64,
      cell0: cell0[c]!,
      validityWord: validityWord[c]!,
      tagWord: tagWord[c]!,
      previous: previous && previousView(previous, c, this.spec.rates?.roles[c]),
    }));
  }

  /** Step one of a read: the version to read. */
  begin(): number {
    return beginRead(this.i32);
  }

  /** Step three: true when nothing read since `begin` can be torn. */
  validate(version: number): boolean {
    return validateRead(this.i32, version);
  }

  /**
   * The bank that holds `version`. Kept for that version: a read that is refused afterwards cannot
   * be repeated with the same number.
   */
  bank(version: number): BankView {
    const parity = (version & 1) as 0 | 1;
    const known = this.#banks[parity];
    return known?.version === version ? known : (this.#banks[parity] = this.#openBank(version, parity));
  }

  #openBank(version: number, parity: 0 | 1): BankView {
    const bank: BankLayout = this.#views.layout.banks[parity];
    const { i32, f64 } = this.#views;
    const meta = bank.metaWord;
    return {
      version,
      columns: this.#columns[parity],
      presenceWord: bank.presenceWord,
      rowTime0: bank.rowTime0,
      heldWord: bank.heldWord,
      heldSample0: bank.heldSample0,
      heldSince0: bank.heldSince0,
      rows: i32[meta + BANK_ROWS]!,
      held: i32[meta + BANK_HELD]!,
      slots: i32[meta + BANK_SLOTS]!,
      strings: i32[meta + BANK_STRINGS]!,
      snapshotTsMs: f64[meta / 2 + BANK_SNAPSHOT_TS_F64]!,
      receivedAtMs: f64[meta / 2 + BANK_RECEIVED_TS_F64]!,
    };
  }

  isPresent(bank: BankView, slot: number): boolean {
    return ((this.i32[bank.presenceWord + (slot >> 5)]! >>> (slot & 31)) & 1) === 1;
  }

  /** True for a row that was kept from the version before. */
  isHeld(bank: BankView, slot: number): boolean {
    return bank.held > 0 && ((this.i32[bank.heldWord + (slot >> 5)]! >>> (slot & 31)) & 1) === 1;
  }

  /** Epoch ms at which the first body came that had no sample as new; NaN for a row that is not held. */
  heldSinceMs(bank: BankView, slot: number): number {
    return this.isHeld(bank, slot) ? this.#views.f64[bank.heldSince0 + slot]! : NaN;
  }

  /**
   * Epoch ms of the sample that a row holds: its time, but never later than it came, so that a clock
   * that runs ahead does not win for ever.
   */
  sampleMs(bank: BankView, slot: number): number {
    if (this.isHeld(bank, slot)) return this.#views.f64[bank.heldSample0 + slot]!;
    return Math.min(this.rowTimeMs(bank, slot), bank.receivedAtMs);
  }

  /** Epoch ms of the row's own time column, or the bank's snapshot time. */
  rowTimeMs(bank: BankView, slot: number): number {
    if (!this.spec.hasRowTime && !this.isHeld(bank, slot)) return bank.snapshotTsMs;
    const own = this.#views.f64[bank.rowTime0 + slot]!;
    return own === own ? own : bank.snapshotTsMs;
  }

  /** Epoch ms of the row's previous sample; NaN: there is none, or none is kept. */
  previousTimeMs(bank: BankView, slot: number): number {
    const { previous } = this.#views.layout.banks[(bank.version & 1) as 0 | 1];
    return previous ? this.#views.f64[previous.prevTime0 + slot]! : NaN;
  }

  /** The slot of a key's UTF-8 bytes, or -1. Whether the row is there, `isPresent` says. */
  findBytes(bytes: Uint8Array, start: number, end: number): number {
    return this.#keys.find(bytes, start, end);
  }

  findKey(key: string): number {
    const { hash, bytes, length } = keyBytesOf(key);
    return this.#keys.findHashed(hash, bytes, 0, length);
  }

  /** Hash of a row's key, as hashBytes makes it. */
  keyHash(slot: number): number {
    return this.#keys.hashOf(slot);
  }

  /** True when the key of `slot` is exactly bytes[start, end). */
  keyEquals(slot: number, bytes: Uint8Array, start: number, end: number): boolean {
    return this.#keys.equals(slot, bytes, start, end);
  }

  /** Where a row's key lies in `u8`. */
  keyStart(slot: number): number {
    return this.#keys.startOf(slot);
  }

  keyLength(slot: number): number {
    return this.#keys.lengthOf(slot);
  }

  keyText(slot: number): string {
    return this.#decode(this.keyStart(slot), this.keyLength(slot));
  }

  /** Where a string lies in `u8`; ids come from validated cells. */
  stringStart(id: number): number {
    return this.#strings.startOf(id);
  }

  stringLength(id: number): number {
    return this.#strings.lengthOf(id);
  }

  /** A text cell's string, decoded once per generation. Call only after validation. */
  stringText(id: number): string {
    const known = this.#texts[id];
    if (known !== undefined) return known;
    const text = this.#decode(this.stringStart(id), this.stringLength(id));
    this.#texts[id] = text;
    return text;
  }

  #decode(start: number, length: number): string {
    // TextDecoder refuses shared memory: the bytes are copied out first.
    return decoder.decode(this.u8.slice(start, start + length));
  }

  get stringByteCount(): number {
    return this.#strings.byteCount;
  }

  get slotCount(): number {
    return this.#keys.count;
  }

  get keyByteCount(): number {
    return this.#keys.byteCount;
  }
}
