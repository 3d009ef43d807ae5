/** Where rows go that are sent in parts. */
export interface RowSink {
  /** No row was written since the part began: the first one goes without separator. */
  readonly isAtStart: boolean;
  /** Bytes until the part is full. */
  readonly untilFull: number;
  /** So many rows were written to its end. */
  wrote(rows: number): void;
  /** Before a row: begins another part when this one is full. */
  cutIfFull(): void;
}
