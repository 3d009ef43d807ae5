/** Bitmaps over slots: 32 slots a word, or 16 where a slot has two bits (the tags of a mixed column). */

/** Bits that are set in 32. */
export function popcount(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** The index of the lowest bit that is set; `bits` is not 0. */
export function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

/** Calls `visit` for each bit that is set in `bits`, the word of slots from `slot0`. */
export function forEachBit(bits: number, slot0: number, visit: (slot: number) => void): void {
  for (let rest = bits; rest !== 0; rest &= rest - 1) visit(slot0 + lowestBit(rest));
}

/** Copies the bit of one slot to another's. `fromWord`, `toWord`: where the bitmaps begin. */
export function copyBit(
  from: Int32Array,
  fromWord: number,
  fromSlot: number,
  to: Int32Array,
  toWord: number,
  toSlot: number,
): void {
  const bit = (from[fromWord + (fromSlot >> 5)]! >>> (fromSlot & 31)) & 1;
  const at = toWord + (toSlot >> 5);
  to[at] = (to[at]! & ~(1 << (toSlot & 31))) | (bit << (toSlot & 31));
}

/** The same of the two bits of a tag. */
export function copyTag(
  from: Int32Array,
  fromWord: number,
  fromSlot: number,
  to: Int32Array,
  toWord: number,
  toSlot: number,
): void {
  const tag = (from[fromWord + (fromSlot >> 4)]! >>> ((fromSlot & 15) * 2)) & 3;
  const at = toWord + (toSlot >> 4);
  const shift = (toSlot & 15) * 2;
  to[at] = (to[at]! & ~(3 << shift)) | (tag << shift);
}
