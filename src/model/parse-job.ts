/** What a scan tells of a body. Plain data: crosses threads by structured clone. */
import type { Outcome } from './outcome.js';

/** What was seen in one field: a column of the table, in table order. */
export interface FieldFacts {
  readonly name: string;
  /** Text whatever its cells look like: by configuration or by the default names. */
  readonly byName: boolean;
  /** SEEN_* bits of model/schema.ts. */
  readonly seen: number;
  readonly present: number;
  /** Present cells that are numbers. */
  readonly numeric: number;
  readonly textBytes: number;
  readonly rejected: number;
}

export interface ParseReport {
  /** Raw names, as the body has them. */
  readonly header: readonly string[];
  readonly fields: readonly FieldFacts[];
  readonly keyColumns: readonly string[];
  readonly timeColumn: string | null;
  readonly rows: number;
  readonly keyBytes: number;
  readonly rejectedCells: number;
  readonly rejectedRows: number;
  readonly duplicates: number;
  readonly latin1Cells: number;
  readonly headerRepeats: number;
  readonly roundedIntegers: number;
  /** Up to five rejected cells, for the log. */
  readonly examples: readonly string[];
}

export interface ParseFailure {
  readonly outcome: Outcome;
  readonly message: string;
  readonly line: number | null;
  readonly column: string | null;
  readonly offset: number | null;
}
