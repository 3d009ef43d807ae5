/** What a thread makes its one body at a time in. */
import type { Kernel } from '../kernel/load-kernel.js';
import { BlockRows } from './block-rows.js';
import { BlockStrips } from './block-strips.js';
import { encodeKernel, type EncodeFunctions } from './encode-kernel.js';
import { KernelLabels } from './kernel-labels.js';

export interface Workshop {
  readonly kernel: Kernel<EncodeFunctions>;
  readonly strips: BlockStrips;
  readonly rows: BlockRows;
  readonly labels: KernelLabels;
}

let workshop: Workshop | null = null;

export function openWorkshop(): Workshop {
  return (workshop ??= {
    kernel: encodeKernel(),
    strips: new BlockStrips(),
    rows: new BlockRows(),
    labels: new KernelLabels(),
  });
}
