/** A sink that keeps nothing: for bodies whose table does not exist yet. */
import type { BankSink } from '../model/bank.js';
import type { ColumnKind } from '../model/schema.js';
import type { HeaderPlan } from './plan.js';

/**
 * Every row is slot 0 and is never present, so that the scan counts and overwrites. Columns are i64
 * (their misfits are what the survey is for) or text by name. Duplicate keys are not noticed.
 */
export class SurveySink implements BankSink {
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly cell0: Int32Array;
  readonly missing0: Int32Array;
  readonly tag0: Int32Array;
  readonly rowTime0: number;
  readonly kinds: readonly ColumnKind[];
  readonly full = '';

  constructor(plan: HeaderPlan) {
    const count = plan.fields.length;
    this.i32 = new Int32Array(3 * count + 2);
    this.f64 = new Float64Array(count + 1);
    this.cell0 = Int32Array.from({ length: count }, (_, i) => i);
    this.missing0 = Int32Array.from({ length: count }, (_, i) => 2 * count + i);
    this.tag0 = new Int32Array(count).fill(-1);
    this.rowTime0 = count;
    this.kinds = plan.fields.map((field) => (field.byName ? 'text' : 'i64'));
  }

  slotOf(): number {
    return 0;
  }

  isPresent(): boolean {
    return false;
  }

  setPresent(): void {
    // Nothing is kept.
  }

  clearMissing(): void {
    // Nothing is kept.
  }

  repeatText(): number {
    return -1;
  }

  intern(): number {
    return 0;
  }
}
