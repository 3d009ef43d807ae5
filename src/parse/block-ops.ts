/** What the scan kernel does with each column of a body. */
import {
  SCAN_F64,
  SCAN_I64,
  SCAN_LEAVE,
  SCAN_SKIP,
  SCAN_TEXT,
  SCAN_TIME,
  SCAN_U64,
} from '../kernel/scan-kernel.js';
import type { ParsePolicy } from '../model/parse-policy.js';
import {
  OP_F64,
  OP_GUID,
  OP_I64,
  OP_MIXED,
  OP_SKIP,
  OP_TEXT,
  OP_TEXT_BY_CONTENT,
  OP_TIME,
  OP_U64,
  type CellWriter,
} from './cells.js';
import type { HeaderPlan } from './plan.js';

const OPS: Readonly<Record<number, number>> = {
  [OP_SKIP]: SCAN_SKIP,
  [OP_TIME]: SCAN_TIME,
  [OP_TEXT]: SCAN_TEXT,
  // Looked at cell by cell until one is no number.
  [OP_TEXT_BY_CONTENT]: SCAN_LEAVE,
  [OP_GUID]: SCAN_TEXT,
  [OP_I64]: SCAN_I64,
  [OP_U64]: SCAN_U64,
  [OP_F64]: SCAN_F64,
  [OP_MIXED]: SCAN_LEAVE,
};

/** SCAN_* of each column of the body. */
export function scanOps(plan: HeaderPlan, cells: CellWriter, policy: ParsePolicy): Uint8Array {
  // A missing value that begins like a number would be taken for one.
  const takesNumbers = !policy.missing.some((text) => /^[0-9]/.test(text));
  return Uint8Array.from(cells.ops, (op, column) => {
    const isNumber = op > OP_GUID || op === OP_TIME;
    const unit = plan.fields[cells.fieldOf[column]!]?.unit ?? '';
    return isNumber && (!takesNumbers || unit !== '') ? SCAN_LEAVE : OPS[op]!;
  });
}
