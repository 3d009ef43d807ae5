/** A table whose every cell says of which publish it is. */
import { row, type Row } from '../fixtures/rows.js';

export const ROWS = 16;
export const COLUMNS = ['wide', 'ratio', 'label'] as const;

export const keyOf = (i: number): string => `sw-${i}`;

/** Both halves of the wide integer, the fraction and the text change with every publish. */
export function rowsOf(publish: number): Row[] {
  const cells = {
    wide: (BigInt(publish) << 32n) + BigInt(publish) + 2n ** 63n,
    ratio: publish + 0.5,
    label: `of ${publish}`,
  };
  return Array.from({ length: ROWS }, (_, i) => row(keyOf(i), cells));
}

/** The value of such a cell in an answer. */
export function textOf(column: (typeof COLUMNS)[number], publish: number): string {
  const value = rowsOf(publish)[0]!.cells[column]!;
  return typeof value === 'string' ? `"${value}"` : String(value);
}
