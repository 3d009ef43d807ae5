/**
 * The fast path of the scanner: plain rows, a block of them at a time. A plain row is a line of as many
 * cells as the header has, with a key that no row before had. The others are left to the scanner.
 */
import type { BankSink } from '../model/bank.js';
import type { ParsePolicy } from '../model/parse-policy.js';
import { BlockCells, type WriteCell } from './block-cells.js';
import { BlockKeys } from './block-keys.js';
import { Block } from './block.js';
import type { HeaderPlan } from './plan.js';
import type { Region } from './regions.js';
import { writeSpan, type RowPath } from './row-path.js';

export class Blocks {
  readonly #block: Block;
  readonly #keys: BlockKeys;
  readonly #cells: BlockCells;
  readonly #path: RowPath;
  #end = 0;

  constructor(plan: HeaderPlan, sink: BankSink, policy: ParsePolicy, path: RowPath) {
    this.#path = path;
    this.#block = new Block(plan, policy);
    this.#keys = new BlockKeys(this.#block, plan, sink, path);
    this.#cells = new BlockCells(this.#block, plan, sink, policy, path);
  }

  begin(region: Region): void {
    this.#end = region.end;
    this.#block.begin(region);
  }

  /** Reads plain rows from index `start` of the region on; returns where the first row is that is none. */
  read(start: number): number {
    const { rows } = this.#path;
    let p = start;
    while (p < this.#end) {
      const found = this.#block.find(p, this.#cells.rowsWanted);
      const placed = found > 0 ? this.#keys.place(found) : 0;
      if (placed === 0) break;
      const { line } = rows;
      this.#cells.store(placed, this.#keys.slots, (row) => (rows.line = line + row), this.#write);
      rows.line = line + placed;
      p = this.#block.indexOf(placed);
      if (placed < found) break;
    }
    return p;
  }

  readonly #write: WriteCell = (bytes, start, end, column, slot) => {
    writeSpan(this.#path, bytes, start, end, column, slot, false);
  };

  /** Adds what the kernel counted to the facts. */
  collect(): void {
    this.#cells.collect();
  }
}
