/** What a scan counts, and the report made of it. */
import type { FieldFacts, ParseReport } from '../model/parse-job.js';
import { SEEN_INT } from '../model/schema.js';
import type { DeferredRow } from '../snapshot/part-task.js';
import type { HeaderPlan } from './plan.js';

const EXAMPLES_MAX = 5;
/** Room taken for a number that a column would keep as text. */
const NUMBER_TEXT_BYTES = 24;

/** Counters of one scan. Arrays have an entry for each field of the plan. */
export class Facts {
  readonly seen: Int32Array;
  readonly missing: Int32Array;
  /** Present cells that are no number (in a numeric column), or too long (in a text column). */
  readonly rejected: Int32Array;
  /** Cells of a text column up to the first that is no number; not counted in a numeric one. */
  readonly textNumbers: Int32Array;
  /** 1 once a text column has shown a cell that is no number: then it stays text. */
  readonly hasText: Uint8Array;
  readonly textBytes: Float64Array;
  /** Rows read; a repeated key counts again. */
  rowsRead = 0;
  keyBytes = 0;
  rejectedRows = 0;
  duplicates = 0;
  latin1Cells = 0;
  headerRepeats = 0;
  roundedIntegers = 0;
  /** Cells that are no field of the table and could not be read: row times. */
  rejectedTimes = 0;
  readonly examples: string[] = [];
  /** Rows that the sink left out: counted by whoever reads them. */
  readonly deferred: DeferredRow[] = [];
  /** The line behind the last that was read. */
  lineBehind = 1;

  constructor(fieldCount: number) {
    this.seen = new Int32Array(fieldCount);
    this.missing = new Int32Array(fieldCount);
    this.rejected = new Int32Array(fieldCount);
    this.textNumbers = new Int32Array(fieldCount);
    this.hasText = new Uint8Array(fieldCount);
    this.textBytes = new Float64Array(fieldCount);
  }

  /** Keeps the first few pieces of evidence; `text` is only called when there is room for it. */
  example(text: () => string): void {
    if (this.examples.length < EXAMPLES_MAX) this.examples.push(text());
  }

  /** `isText` tells which columns were read as text. */
  report(plan: HeaderPlan, isText: (field: number) => boolean): ParseReport {
    const fields = plan.fields.map((field, i): FieldFacts => {
      const present = this.rowsRead - this.missing[i]!;
      const rejected = this.rejected[i]!;
      const numeric = isText(i) ? this.textNumbers[i]! : present - rejected;
      const guessed = isText(i) ? 0 : numeric * NUMBER_TEXT_BYTES;
      // An integer within 2^53 leaves no trace in the hot loop: most numbers are some.
      const seen = this.seen[i]! | (numeric > 0 ? SEEN_INT : 0);
      const textBytes = this.textBytes[i]! + guessed;
      return { name: field.name, byName: field.byName, seen, present, numeric, textBytes, rejected };
    });
    return {
      header: plan.header,
      fields,
      keyColumns: plan.key.columns.map((column) => plan.header[column]!),
      timeColumn: plan.timeColumn < 0 ? null : plan.header[plan.timeColumn]!,
      rows: this.rowsRead - this.duplicates,
      keyBytes: this.keyBytes,
      rejectedCells: fields.reduce((sum, field) => sum + field.rejected, this.rejectedTimes),
      rejectedRows: this.rejectedRows,
      duplicates: this.duplicates,
      latin1Cells: this.latin1Cells,
      headerRepeats: this.headerRepeats,
      roundedIntegers: this.roundedIntegers,
      examples: this.examples,
    };
  }
}
