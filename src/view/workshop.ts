/** What a thread makes its one body at a time in. */
import type { Kernel } from '../kernel/load-kernel.js';
import { BlockExtras } from './block-extras.js';
import { BlockRows } from './block-rows.js';
import { BlockStrips } from './block-strips.js';
import { encodeKernel, type EncodeFunctions } from './encode-kernel.js';
import { KernelLabels } from './kernel-labels.js';

export interface Workshop {
  readonly kernel: Kernel<EncodeFunctions>;
  readonly strips: BlockStrips;
  readonly rows: BlockRows;
  readonly labels: KernelLabels;
  readonly changes: ChangedColumns;
  readonly extras: BlockExtras;
}

/** Changed cells of a block: their table columns, row after row, and where each row ends. */
export class ChangedColumns {
  columns = new Int32Array(4096);
  count = 0;
  readonly ends: number[] = [];

  clear(): void {
    this.count = 0;
    this.ends.length = 0;
  }

  /** columns[0 ... count - 1] of the next row. */
  add(columns: ArrayLike<number>, count: number): void {
    const to = this.count + count;
    if (to > this.columns.length) {
      const longer = new Int32Array(to * 2);
      longer.set(this.columns);
      this.columns = longer;
    }
    for (let i = 0; i < count; i++) this.columns[this.count + i] = columns[i]!;
    this.count = to;
    this.ends.push(to);
  }
}

let workshop: Workshop | null = null;

export function openWorkshop(): Workshop {
  return (workshop ??= {
    kernel: encodeKernel(),
    strips: new BlockStrips(),
    rows: new BlockRows(),
    labels: new KernelLabels(),
    changes: new ChangedColumns(),
    extras: new BlockExtras(),
  });
}
