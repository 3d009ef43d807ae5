/** A row of the list of faults that weft must survive, and what shows that it does. */
export interface FaultRow {
  /** Letter of the section, number of the row. */
  readonly id: string;
  /** Of the first release. */
  readonly starred: boolean;
  /** What happens, and what must come of it. */
  readonly title: string;
  /** Files from test/ with tests named after the row: their names begin with its id. */
  readonly tests?: readonly string[];
  /** Why no test meets the row yet. */
  readonly open?: string;
}

/** The rows of one section, in order. */
export interface FaultSection {
  readonly rows: readonly FaultRow[];
  /** How many of them are open: moves only by an edit that is seen. */
  readonly open: number;
}

/** A row that is met. A star in front of the title: first release. */
export function met(id: string, title: string, ...tests: readonly string[]): FaultRow {
  return { ...described(id, title), tests };
}

/** A row that no test meets yet, or none in full. */
export function open(id: string, title: string, why: string, ...tests: readonly string[]): FaultRow {
  return { ...described(id, title), open: why, ...(tests.length > 0 && { tests }) };
}

function described(id: string, title: string): Pick<FaultRow, 'id' | 'starred' | 'title'> {
  return { id, starred: title.startsWith('★'), title: title.replace(/^★\s*/, '') };
}
