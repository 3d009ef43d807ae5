/**
 * Where things lie in the scan kernel's memory. kernel/scan-kernel.ts lays the memory out and tells it
 * here, once for each thread; the tables at fixed addresses are written by `fillTables`.
 */

/** 17 masks of 16 bytes: the last n bytes of sixteen. */
export const LAST = 1024;
/** 17 masks of 16 bytes: the first n bytes of sixteen. */
export const FIRST = 1296;
/** 17 swizzles of 16 bytes: takes the byte at place n out, those before it move up. */
export const WITHOUT = 1568;
/** 23 doubles: 10^0 ... 10^22. */
export const POWERS = 1856;
/** 2 x 32 doubles: what a point at place n divides by (1 for none, at 16), and the same negative. */
export const DIVISORS = 12128;
/** Columns of row keys, see keys.ts. */
export const KEY_COLUMNS = 12640;
/** 5^q as parse/decimal.ts has it, 16 bytes each: low, high, exponent, nothing. */
export const FIVES = 2176;
/** Missing texts, 32 bytes each: 16 bytes of text, the length, nothing. */
export const MISSING_TEXTS = 11520;

/**
 * Constants of 16 bytes. Loops load them once: a constant in the code would be made anew for each cell.
 */
export const ZEROS = 12032;
/** Added to a digit it leaves the highest bit clear, to any other byte it sets it. */
export const ABOVE_NINE = 12048;
export const PAIRS = 12064;
export const FOURS = 12080;
export const EIGHTS = 12096;
export const POINTS = 12112;

/** Words of a column's entry. */
export const COLUMN_BYTES = 32;
export const COLUMN_SEEN = 4;
export const COLUMN_MISSING = 8;
export const COLUMN_STRIP = 12;
export const COLUMN_BITS = 16;
export const COLUMN_BEFORE = 20;
export const COLUMN_TEXT_BYTES = 24;
export const COLUMN_BLOCK_MISSING = 28;

/** What is done with a column. */
export const OP_SKIP = 0;
/** Every cell is left to the caller. */
export const OP_LEAVE = 1;
export const OP_I64 = 2;
export const OP_U64 = 3;
export const OP_F64 = 4;
export const OP_TEXT = 5;
export const OP_TIME = 6;

/** As in model/schema.ts. */
export const SEEN_NEGATIVE = 2;
export const SEEN_BIG = 4;
export const SEEN_HUGE = 8;
export const SEEN_FRACTION = 16;

export const TEN_16: u64 = 10000000000000000;
export const TWO_53: u64 = 9007199254740992;
export const SIGN_BIT: u64 = 0x8000000000000000;

export const QUOTE: u8 = 34;
export const MINUS: u8 = 45;

/** Columns of the body. */
export let columnCount: i32 = 0;
export let delimiter: u8 = 44;
export let columnsAt: i32 = 0;
/** Ends of cells, row after row; the word before the first is where the byte before the block lies. */
export let endsAt: i32 = 0;
/** Bits of the cells that are left to the caller, row after row. */
export let leftAt: i32 = 0;
export let leftStride: i32 = 0;
/** Decimals with an exponent that were read before. */
export let decimalsAt: i32 = 0;
export let framesAt: i32 = 0;
export let unquotedAt: i32 = 0;
export let recentAt: i32 = 0;
export let wantedAt: i32 = 0;
/** Cells that begin with '-' are left: a missing value may look like that. */
export let leavesMinus: i32 = 0;
export let missingTexts: i32 = 0;

export function setShape(columns: i32, delimiterByte: i32, minus: i32, missing: i32): void {
  columnCount = columns;
  delimiter = <u8>delimiterByte;
  leavesMinus = minus;
  missingTexts = missing;
  leftStride = ((columns + 31) >> 5) << 2;
}

export function setMemory(
  columns: i32,
  ends: i32,
  left: i32,
  frames: i32,
  recent: i32,
  wanted: i32,
  decimals: i32,
  unquoted: i32,
): void {
  columnsAt = columns;
  endsAt = ends;
  leftAt = left;
  framesAt = frames;
  recentAt = recent;
  wantedAt = wanted;
  decimalsAt = decimals;
  unquotedAt = unquoted;
}

/** Cells left in the block. */
export let leftCount: i32 = 0;

export function clearLeft(rows: i32): void {
  memory.fill(leftAt, 0, rows * leftStride);
  leftCount = 0;
}

/** Leaves the cell of `row` and `column` to the caller. */
export function leave(row: i32, column: i32): void {
  const at = leftAt + row * leftStride + ((column >> 5) << 2);
  store<i32>(at, load<i32>(at) | (1 << (column & 31)));
  leftCount++;
}

export function fillTables(): void {
  for (let n = 0; n <= 16; n++) {
    for (let i = 0; i < 16; i++) {
      store<u8>(LAST + n * 16 + i, i >= 16 - n ? 255 : 0);
      store<u8>(FIRST + n * 16 + i, i < n ? 255 : 0);
      // An index of 255 gives 0, which is '0' minus '0' once the mask is applied.
      store<u8>(WITHOUT + n * 16 + i, n === 16 || i > n ? i : i === 0 ? 255 : i - 1);
    }
  }
  v128.store(ZEROS, i8x16.splat(48));
  v128.store(ABOVE_NINE, i8x16.splat(118));
  v128.store(PAIRS, i16x8.splat(2561));
  v128.store(FOURS, i32x4.splat((1 << 16) | 100));
  v128.store(EIGHTS, i32x4.splat((1 << 16) | 10000));
  v128.store(POINTS, i8x16.splat(46));
  let power: f64 = 1;
  for (let n = 0; n <= 22; n++) {
    store<f64>(POWERS + n * 8, power);
    power *= 10;
  }
  for (let n = 0; n <= 16; n++) {
    const divisor = n < 16 ? load<f64>(POWERS + (15 - n) * 8) : 1;
    store<f64>(DIVISORS + n * 8, divisor);
    store<f64>(DIVISORS + 256 + n * 8, -divisor);
  }
}
