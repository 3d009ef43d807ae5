/** Settles a filled bank among the other sources' before main publishes it. See src/fabric/settle.ts. */
import { settle as settleBank, type SettleAnswer, type SettleTask } from '../src/fabric/settle.js';

/** The pool's `settle`. Writes the unpublished bank and the merge index, which main keeps for it. */
export function settle(task: SettleTask): SettleAnswer {
  return settleBank(task);
}
