/** Is handed one row after the other. */
export type RowVisitor = (part: number, slot: number) => void;
