/** Finds the slot of the row at a place of a body, and the place where a body may be cut. */
import { openSegment, type SegmentRef } from '../snapshot/layout.js';
import type { ByteTable } from '../snapshot/byte-table.js';
import { byteView } from '../snapshot/byte-view.js';
import { rowIndex } from '../snapshot/tables.js';
import { Facts } from './facts.js';
import { GaveUp } from './failure.js';
import { Lexer } from './lexer.js';
import type { HeaderPlan, KeyPlan } from './plan.js';
import { isAggregated, keyPrefix, RowKey } from './row-key.js';
import { MARGIN_BEHIND } from './run-state.js';

const LF = 10;
/** Slots of two parts must not share a word of a bitmap. */
const CUT_SLOTS = 32;
/** In a body with the order of the slots every CUT_SLOTS-th row will do. */
const ROWS_TRIED_MAX = 64 * CUT_SLOTS;

/** Where a part begins: its first byte, and the first slot that is its own. */
export interface Cut {
  readonly offset: number;
  readonly slot: number;
}

export class RowFinder {
  readonly #body: Uint8Array;
  readonly #plan: HeaderPlan;
  readonly #lexer: Lexer;
  readonly #key: RowKey;
  readonly #keys: ByteTable;
  readonly #prefix: number;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #ascii: Uint8Array;

  constructor(body: Uint8Array, plan: HeaderPlan, segment: SegmentRef) {
    this.#body = body;
    this.#plan = plan;
    this.#lexer = new Lexer(body, byteView(body), plan.delimiter.charCodeAt(0));
    this.#key = new RowKey(plan, new Facts(plan.fields.length));
    this.#keys = rowIndex(openSegment(segment));
    this.#prefix = keyPrefix(plan);
    this.#starts = new Int32Array(this.#prefix);
    this.#ends = new Int32Array(this.#prefix);
    this.#ascii = new Uint8Array(this.#prefix);
  }

  /**
   * The first place at or behind byte `near` where the body may be cut: a line whose row has a slot that
   * begins a word of the bitmaps. Every job finds the same. Throws GaveUp where there is none, and what
   * a scan throws for a row that it cannot read.
   */
  cutNear(near: number): Cut {
    const body = this.#body;
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    // Behind the last row there must be room for what is read beyond a cell.
    const limit = body.length - MARGIN_BEHIND;
    let p = bytes.indexOf(LF, Math.max(0, near - 1)) + 1;
    for (let row = 0; row < ROWS_TRIED_MAX && p > 0; row++) {
      const next = bytes.indexOf(LF, p) + 1;
      if (next === 0 || next > limit) break;
      const slot = this.#slotAt(p);
      if (slot > 0 && slot % CUT_SLOTS === 0) return { offset: p, slot };
      p = next;
    }
    throw new GaveUp('the body cannot be cut: its rows have another order than before');
  }

  /** The slot of the row at `from`; below 0 when its key was never seen. */
  #slotAt(from: number): number {
    const bytes = this.#body;
    const lexer = this.#lexer;
    let p = from;
    for (let column = 0; column < this.#prefix; column++) {
      const end = lexer.cellEnd(bytes, p);
      this.#starts[column] = p;
      this.#ends[column] = end;
      this.#ascii[column] = lexer.isAscii ? 1 : 0;
      if (column < this.#prefix - 1 && bytes[end] === LF) return -1;
      p = end + 1;
    }
    const plan = this.#keyPlan();
    this.#key.begin(plan);
    for (const column of plan.columns) {
      lexer.unquote(bytes, this.#starts[column]!, this.#ends[column]!);
      this.#key.add(lexer.bytes, lexer.start, lexer.end, this.#ascii[column] === 1);
    }
    return this.#keys.find(this.#key.bytes, this.#key.start, this.#key.end);
  }

  #keyPlan(): KeyPlan {
    const { key, xdr } = this.#plan;
    if (!xdr) return key;
    const lexer = this.#lexer;
    lexer.unquote(this.#body, this.#starts[xdr.typeColumn]!, this.#ends[xdr.typeColumn]!);
    return isAggregated(lexer.bytes, lexer.start, lexer.end) ? xdr.key : key;
  }
}
