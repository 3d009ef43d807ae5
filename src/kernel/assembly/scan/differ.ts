/** Which cells of a strip differ from those of the version before. */
import { differing32 } from '../shared/differ';
import { COLUMN_BEFORE, COLUMN_BITS, COLUMN_STRIP } from './state';

/**
 * Writes a bit for each cell of rows [from, to) that differs, `offset` bytes behind the bits of missing
 * cells. Bits behind the last row are 0. `from` is a multiple of 32.
 */
export function differColumn(entry: i32, from: i32, to: i32, offset: i32): void {
  let a = load<i32>(entry, COLUMN_STRIP) + (from << 3);
  let b = load<i32>(entry, COLUMN_BEFORE) + (from << 3);
  let out = load<i32>(entry, COLUMN_BITS) + offset + (from >> 3);
  for (let row = from; row < to; row += 32, a += 256, b += 256, out += 4) {
    const rows = min(32, to - row);
    store<i32>(out, differing32(a, b) & (<i32>(0xffffffff >>> (32 - rows))));
  }
}
