/** How one source's bodies are read: what config/ decides and parse/ obeys. docs/sources.md. */

export interface ParsePolicy {
  /** Columns whose values, joined by ':', are the row key. null: recognised by name. */
  readonly key: readonly string[] | null;
  /** Rows whose port_type is 4 have the key sys_image_guid:aport instead. */
  readonly xdrKey: boolean;
  /** GUIDs in row keys get one spelling, `0x` and 16 lower-case hex digits, or stay as they are. */
  readonly guidKeys: 'canonical' | 'as_is';
  /** Raw column name to the name in the table. */
  readonly rename: Readonly<Record<string, string>>;
  /** Raw names of columns that are left out, `*` and `?` being wildcards. */
  readonly drop: readonly string[];
  /** Another name to the column of the table that it stands for. */
  readonly alias: Readonly<Record<string, string>>;
  /** The column of the row's time. null: recognised by name. */
  readonly time: string | null;
  /** Columns that are text whatever they look like, beside those that are text by name. */
  readonly text: readonly string[];
  /** Cell values that mean missing, beside the empty cell. */
  readonly missing: readonly string[];
  /** Column name to the suffix that is stripped from its cells: `{ temperature: 'C' }`. */
  readonly units: Readonly<Record<string, string>>;
  /** A row with another number of cells refuses the body, or is dropped and counted. */
  readonly ragged: 'reject' | 'drop';
  /** Two rows of one key refuse the body, or the last one wins. */
  readonly duplicateRows: 'reject' | 'last';
  /** Two columns of one name refuse the body, or become `name`, `name_2`. */
  readonly duplicateColumns: 'reject' | 'suffix';
  /** Whether columns may come, go and change while weft runs. */
  readonly schemaChange: 'accept' | 'reject';
  /** Refuse a body that does not end in a line break: it may be cut inside its last number. */
  readonly requireFinalNewline: boolean;
  /** Publish a body without data rows instead of refusing it as `empty`. */
  readonly allowEmpty: boolean;
  /** One character. null: the comma, unless the header says otherwise. */
  readonly delimiter: string | null;
}

/** What holds where nothing is configured. */
export const DEFAULT_PARSE_POLICY: ParsePolicy = {
  key: null,
  xdrKey: false,
  guidKeys: 'canonical',
  rename: {},
  drop: [],
  alias: {},
  time: null,
  text: [],
  missing: [],
  units: {},
  ragged: 'reject',
  duplicateRows: 'reject',
  duplicateColumns: 'reject',
  schemaChange: 'accept',
  requireFinalNewline: true,
  allowEmpty: false,
  delimiter: null,
};
