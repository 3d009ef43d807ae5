/** What a header means under a policy: which column is key, time, field. Plain data. */

export interface FieldPlan {
  /** Unique within the plan. */
  readonly name: string;
  /** Index of the column in the body, from 0. */
  readonly column: number;
  /** Text whatever its cells look like. */
  readonly byName: boolean;
  /** Suffix that is stripped from its cells, '' for none. */
  readonly unit: string;
}

export interface HeaderPlan {
  /** The header record as it stands in the body, without BOM and line end. */
  readonly bytes: Uint8Array;
  readonly delimiter: string;
  /** Raw names, a name for each column of the body. */
  readonly header: readonly string[];
  /** Columns whose cells, joined by ':' in this order, are the row key. */
  readonly keyColumns: readonly number[];
  /** Column of the row time, or -1. */
  readonly timeColumn: number;
  /** The table's columns, in body order. A single key column, the time column and columns without a name are none. */
  readonly fields: readonly FieldPlan[];
}
