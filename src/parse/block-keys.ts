/** The slots of a block's rows, by their keys. */
import { KEY_COLUMNS_MAX, KEY_TEXT_BYTES, writeKeyColumns, type KeyColumn } from '../kernel/scan-kernel.js';
import { isBlockSink, type BankSink, type BlockSink, type TextTarget } from '../model/bank.js';
import type { Block } from './block.js';
import type { Facts } from './facts.js';
import type { Lexer } from './lexer.js';
import type { HeaderPlan, KeyPlan } from './plan.js';
import { isAggregated } from './row-key.js';
import type { RowPath } from './row-path.js';
import type { Rows } from './rows.js';

/** Fewer rows than this in the order of the version before: the next ones are looked up one by one. */
const RUN_MIN = 8;
const ONE_BY_ONE = 64;

export class BlockKeys {
  /** Slot of each row that was placed. */
  readonly slots: Int32Array;
  readonly #block: Block;
  readonly #plan: HeaderPlan;
  readonly #sink: BankSink;
  readonly #runs: BlockSink | null;
  readonly #rows: Rows;
  readonly #facts: Facts;
  readonly #lexer: Lexer;
  /** Rows that are looked up before runs are tried again. */
  #wait = 0;

  constructor(block: Block, plan: HeaderPlan, sink: BankSink, { rows, facts, lexer }: RowPath) {
    this.slots = new Int32Array(block.capacity);
    this.#block = block;
    this.#plan = plan;
    this.#sink = sink;
    this.#rows = rows;
    this.#facts = facts;
    this.#lexer = lexer;
    const columns = keyColumns(plan.key);
    const others = plan.xdr ? keyColumns(plan.xdr.key) : [];
    const canMatch = columns.length > 0 && columns.length + others.length <= KEY_COLUMNS_MAX;
    this.#runs = canMatch && isBlockSink(sink) ? sink : null;
    if (canMatch) writeKeyColumns(block.kernel, columns, others, plan.xdr?.typeColumn ?? -1);
  }

  /**
   * Places the rows found, `all` of them, and returns how many: the row behind them cannot be taken as it
   * stands (a header, no usable key, a key that came before, no room).
   */
  place(all: number): number {
    let row = 0;
    let found = 0;
    while (found < all && !this.#block.isHeader(found)) found++;
    while (row < found) {
      if (this.#runs !== null && this.#wait === 0) {
        const run = this.#placeRun(this.#runs, row, found - row);
        row += run;
        if (run < RUN_MIN) this.#wait = ONE_BY_ONE;
        if (row === found) break;
      }
      if (this.#wait > 0) this.#wait--;
      if (!this.#placeOne(row)) break;
      row++;
    }
    return row;
  }

  #placeRun(sink: BlockSink, first: number, rows: number): number {
    const { kernel } = this.#block;
    const { i32, u8, keySpansAt, keyTextAt, functions } = kernel;
    const slot = sink.nextSlot();
    const target: TextTarget = { i32, u8, word: keySpansAt / 4, byte: keyTextAt, bytesMax: KEY_TEXT_BYTES };
    sink.copyKeys(slot, rows, target);
    const same = functions.matchKeys(first, rows, keySpansAt);
    const free = sink.takeRows(slot, same);
    if (free < same) functions.matchKeys(first, free, keySpansAt);
    for (let k = 0; k < free; k++) this.slots[first + k] = slot + k;
    this.#rows.acceptRun(free, functions.keyBytes.value);
    return free;
  }

  #placeOne(row: number): boolean {
    const block = this.#block;
    const { u8 } = block.kernel;
    const { key } = this.#rows;
    const lexer = this.#lexer;
    const latin1Before = this.#facts.latin1Cells;
    const plan = this.#keyPlan(row);
    key.begin(plan);
    for (const column of plan.columns) {
      lexer.unquote(u8, block.start(row, column), block.end(row, column));
      key.add(lexer.bytes, lexer.start, lexer.end, false);
    }
    const slot = key.isEmpty || key.isTooLong ? -1 : this.#sink.slotOf(key.bytes, key.start, key.end);
    if (slot < 0 || this.#sink.isPresent(slot)) {
      // The row is read again.
      this.#facts.latin1Cells = latin1Before;
      return false;
    }
    this.#rows.acceptRun(1, key.end - key.start);
    this.#sink.setPresent(slot);
    this.slots[row] = slot;
    return true;
  }

  #keyPlan(row: number): KeyPlan {
    const { key, xdr } = this.#plan;
    if (!xdr) return key;
    const lexer = this.#lexer;
    const { typeColumn } = xdr;
    lexer.unquote(
      this.#block.kernel.u8,
      this.#block.start(row, typeColumn),
      this.#block.end(row, typeColumn),
    );
    return isAggregated(lexer.bytes, lexer.start, lexer.end) ? xdr.key : key;
  }
}

function keyColumns({ columns, guids }: KeyPlan): KeyColumn[] {
  return columns.map((column, i) => ({ column, isGuid: guids[i] === true }));
}
