/** The hot loop's table of columns: made from the plan, read back into the facts. */
import type { BankSink } from '../model/bank.js';
import type { ParsePolicy } from '../model/parse-policy.js';
import { OP_F64, OP_I64, OP_U64, type CellWriter } from './cells.js';
import type { Facts } from './facts.js';
import {
  KIND_F64,
  KIND_I64,
  KIND_STOP,
  KIND_U64,
  RUN_CELL0,
  RUN_KIND,
  RUN_MISSING,
  RUN_MISSING0,
  RUN_SEEN,
  RUN_STRIDE,
} from './run-state.js';
import type { HeaderPlan } from './plan.js';

/** One entry for each column of the body, and one that stops the loop behind the last. */
export function runColumns(
  plan: HeaderPlan,
  sink: BankSink,
  cells: CellWriter,
  policy: ParsePolicy,
): Int32Array {
  const columns = new Int32Array((plan.header.length + 1) * RUN_STRIDE);
  for (let c = 0; c <= plan.header.length; c++) columns[c * RUN_STRIDE + RUN_KIND] = KIND_STOP;
  // A missing value that begins like a number would be taken for one.
  if (policy.missing.some((text) => /^[0-9]/.test(text))) return columns;
  plan.fields.forEach((field, index) => {
    const at = field.column * RUN_STRIDE;
    if (field.unit === '') columns[at + RUN_KIND] = runKind(cells.ops[field.column]!);
    columns[at + RUN_CELL0] = sink.cell0[index]!;
    columns[at + RUN_MISSING0] = sink.missing0[index]!;
  });
  return columns;
}

function runKind(op: number): number {
  if (op === OP_I64) return KIND_I64;
  if (op === OP_U64) return KIND_U64;
  return op === OP_F64 ? KIND_F64 : KIND_STOP;
}

/** Whether a missing value begins with '-', such as the -1 of a value that could not be computed. */
export function stopsAtMinus(policy: ParsePolicy): boolean {
  return policy.missing.some((text) => text.startsWith('-'));
}

/** Adds what the loop counted to the facts. */
export function collectRun(plan: HeaderPlan, columns: Int32Array, facts: Facts): void {
  plan.fields.forEach((field, index) => {
    const at = field.column * RUN_STRIDE;
    facts.missing[index]! += columns[at + RUN_MISSING]!;
    facts.seen[index]! |= columns[at + RUN_SEEN]!;
  });
}
