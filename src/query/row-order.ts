/** Negative when row a stands before row b, 0 when the keys do not tell. */
export type RowOrder = (partA: number, slotA: number, partB: number, slotB: number) => number;
