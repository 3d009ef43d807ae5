/** Runs of rows: slots that follow each other, and their bits. */

/** Adds the bits of a block's rows, from `word` of `from` on, to a bitmap over slots that begins at `toWord`. */
export function addBits(
  from: Int32Array,
  word: number,
  rows: number,
  to: Int32Array,
  toWord: number,
  slot: number,
): void {
  const first = toWord + (slot >> 5);
  const shift = slot & 31;
  for (let w = 0; w * 32 < rows; w++) {
    const bits = from[word + w]!;
    if (bits === 0) continue;
    to[first + w]! |= bits << shift;
    const rest = shift > 0 ? bits >>> (32 - shift) : 0;
    if (rest !== 0) to[first + w + 1]! |= rest;
  }
}

/** Whether the first `rows` slots follow one another. */
export function isConsecutive(slots: Int32Array, rows: number): boolean {
  const first = slots[0]!;
  for (let r = 1; r < rows; r++) if (slots[r] !== first + r) return false;
  return true;
}
