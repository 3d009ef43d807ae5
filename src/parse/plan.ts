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
  /** Part of a row key, and its GUIDs get the canonical spelling. */
  readonly isGuid: boolean;
}

/** A row key: columns whose cells are joined by ':' in this order. */
export interface KeyPlan {
  readonly columns: readonly number[];
  /** For each of them: whether its GUIDs get the canonical spelling. */
  readonly guids: readonly boolean[];
}

/** The other key of rows whose cell in `typeColumn` is 4: aggregated ports of XDR switches. */
export interface XdrPlan {
  readonly typeColumn: number;
  readonly key: KeyPlan;
}

export interface HeaderPlan {
  /** The header record as it stands in the body, without BOM and line end. */
  readonly bytes: Uint8Array;
  readonly delimiter: string;
  /** Raw names, a name for each column of the body. */
  readonly header: readonly string[];
  readonly key: KeyPlan;
  /** null: every row has the normal key. */
  readonly xdr: XdrPlan | null;
  /** Column of the row time, or -1. */
  readonly timeColumn: number;
  /** The table's columns, in body order. A single key column, the time column dropped columns and columns without a name are none. */
  readonly fields: readonly FieldPlan[];
}
