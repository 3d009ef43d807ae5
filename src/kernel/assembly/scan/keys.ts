/**
 * Row keys: nearly always the rows come in the order of the version before. The keys that are due are
 * here, and a row whose key cells are those bytes has that slot.
 */
import { columnCount, endsAt, FIRST, KEY_COLUMNS, QUOTE } from './state';

const CR: u8 = 13;
const FOUR: u8 = 52;
const GUID_BYTES: i32 = 18;

let keyCount: i32 = 0;
/** The other key, of rows whose cell in `typeColumn` is 4; that column is -1 when there is none. */
let otherCount: i32 = 0;
let typeColumn: i32 = -1;

/** Bytes of all keys that the last `matchKeys` found. */
export let keyBytes: i32 = 0;

/** Key columns stand at KEY_COLUMNS, a word each: the column times two, plus one for GUIDs. */
export function setKeys(count: i32, others: i32, type: i32): void {
  keyCount = count;
  otherCount = others;
  typeColumn = type;
}

/** Whether the eighteen bytes are a GUID in its one spelling: 0x and sixteen lower-case digits. */
@inline
function isCanonicalGuid(at: i32): bool {
  const text = v128.load(at + 2);
  const decimal = i8x16.lt_u(i8x16.sub(text, i8x16.splat(48)), i8x16.splat(10));
  const letter = i8x16.lt_u(i8x16.sub(text, i8x16.splat(97)), i8x16.splat(6));
  return load<u16>(at) === 0x7830 && i8x16.all_true(v128.or(decimal, letter));
}

/**
 * How many rows from `first` on, at most `rows`, have the keys of the spans (address and length) at
 * `spans`. A key in quotes, or one that would get another spelling, is none of them.
 */
export function matchKeys(first: i32, rows: i32, spans: i32): i32 {
  keyBytes = 0;
  let row = 0;
  for (; row < rows; row++) {
    const ends = endsAt + (((first + row) * columnCount) << 2);
    let list = KEY_COLUMNS;
    let count = keyCount;
    if (typeColumn >= 0) {
      const start = load<i32>(ends + (typeColumn << 2)) + 1;
      let end = load<i32>(ends + (typeColumn << 2), 4);
      if (typeColumn === columnCount - 1 && load<u8>(end - 1) === CR) end--;
      if (load<u8>(start) === QUOTE) break;
      if (end - start === 1 && load<u8>(start) === FOUR) {
        list += keyCount << 2;
        count = otherCount;
      }
    }
    const key = load<i32>(spans + (row << 3));
    const length = load<i32>(spans + (row << 3), 4);
    let at = key;
    const stop = key + length;
    let isSame = length > 0;
    let cells = 0;
    for (let k = 0; isSame && k < count; k++) {
      const word = load<i32>(list + (k << 2));
      const column = word >> 1;
      const start = load<i32>(ends + (column << 2)) + 1;
      let end = load<i32>(ends + (column << 2), 4);
      if (column === columnCount - 1 && end > start && load<u8>(end - 1) === CR) end--;
      const bytes = end - start;
      cells += bytes;
      if (k > 0) {
        isSame = at < stop && load<u8>(at) === 58;
        at++;
      }
      isSame = isSame && at + bytes <= stop && load<u8>(start) !== QUOTE;
      if (isSame && word & 1) isSame = bytes === GUID_BYTES && isCanonicalGuid(start);
      for (let done = 0; isSame && done < bytes; done += 16) {
        const mask = v128.load(FIRST + (min(bytes - done, 16) << 4));
        const differs = v128.xor(v128.load(start + done), v128.load(at + done));
        isSame = !v128.any_true(v128.and(differs, mask));
      }
      at += bytes;
    }
    if (!isSame || at !== stop || cells === 0) break;
    keyBytes += length;
  }
  return row;
}
