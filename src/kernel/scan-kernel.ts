/**
 * The scan kernel as TypeScript sees it: its functions, and where its memory holds what. Addresses are
 * bytes, words and doubles are indices into `i32` and `f64`. See assembly/scan.ts.
 */
import { loadKernel, type Kernel } from './load-kernel.js';

interface ScanFunctions {
  fillTables(): void;
  setShape(columns: number, delimiter: number, leavesMinus: number, missingTexts: number): void;
  setMemory(
    columns: number,
    ends: number,
    left: number,
    frames: number,
    recent: number,
    wanted: number,
    decimals: number,
    unquoted: number,
  ): void;
  setKeys(count: number, others: number, typeColumn: number): void;
  matchKeys(first: number, rows: number, spans: number): number;
  readonly keyBytes: { readonly value: number };
  lex(from: number, stop: number, rowsMax: number, outMax: number): number;
  readonly lexReason: { readonly value: number };
  convert(rows: number, differs: number): number;
  clearTexts(): void;
  wantPages(rows: number, most: number): number;
  teach(start: number, end: number, id: number): void;
}

/** What `lexReason` is when the bytes ended before the row did. */
export const LEX_USED_UP = 0;

/** What is done with a column. */
export const SCAN_SKIP = 0;
/** Every cell is left to the caller. */
export const SCAN_LEAVE = 1;
export const SCAN_I64 = 2;
export const SCAN_U64 = 3;
export const SCAN_F64 = 4;
export const SCAN_TEXT = 5;
export const SCAN_TIME = 6;

/** Words of a column's entry. */
export const ENTRY_WORDS = 8;
export const ENTRY_OP = 0;
export const ENTRY_SEEN = 1;
export const ENTRY_MISSING = 2;
export const ENTRY_STRIP = 3;
export const ENTRY_BITS = 4;
export const ENTRY_BEFORE = 5;
export const ENTRY_TEXT_BYTES = 6;
export const ENTRY_BLOCK_MISSING = 7;

export const PAGE_STRINGS = 256;
const FRAMES = 128;
const FRAME_BYTES = 16 + 2048 + 8192;
export const FRAME_SPANS = 16;
export const FRAME_TEXT = 16 + 2048;
export const FRAME_TEXT_BYTES = 8192 - 8;
export const PAGES_WANTED_MAX = 64;
/** Keys that are due for a block. */
export const KEY_TEXT_BYTES = 64 * 1024;

const FIVES = 2176;
const MISSING_TEXTS = 11_520;
export const MISSING_TEXTS_MAX = 16;
export const MISSING_TEXT_BYTES_MAX = 16;
const KEY_COLUMNS = 12_640;
export const KEY_COLUMNS_MAX = 32;
const FREE = KEY_COLUMNS + 4 * KEY_COLUMNS_MAX + 32;

const COLUMNS_MAX = 4096;
/** Bytes of a block of the body. */
const BLOCK_BYTES = 512 * 1024;
/** Zeros behind a block, and what the kernel reads before one. */
export const BLOCK_MARGIN = 64;
/** Bytes of all strips of a block, and of the ends of its cells' four. */
const STRIP_BYTES = 320 * 1024;
const ROWS_MIN = 32;
const ROWS_MAX = 4096;
const STRIPS_BYTES = COLUMNS_MAX * ROWS_MIN * 8;
const RECENT_BYTES = 2048 * 64;
const UNQUOTED_BYTES = 1024;

export interface ScanKernel extends Kernel<ScanFunctions> {
  readonly columnsAt: number;
  readonly endsAt: number;
  readonly leftAt: number;
  readonly framesAt: number;
  readonly keySpansAt: number;
  readonly keyTextAt: number;
  readonly wantedAt: number;
  readonly stripsAt: number;
  readonly beforeAt: number;
  readonly bitsAt: number;
  readonly bodyAt: number;
  readonly blockBytes: number;
}

/** Rows of a block of so many columns. */
export function blockRows(columns: number): number {
  const rows = Math.floor(STRIP_BYTES / 8 / columns / 32) * 32;
  return Math.min(ROWS_MAX, Math.max(ROWS_MIN, rows));
}

/** Bits of cells that differ lie so many bytes behind the bits of missing ones. */
export const DIFFERS = STRIPS_BYTES / 64;

let kernel: ScanKernel | null = null;

/** This thread's kernel, for one scan at a time. `powersOfFive`: as assembly/scan/decimal.ts reads them. */
export function scanKernel(powersOfFive: () => Int32Array): ScanKernel {
  if (kernel) return kernel;
  let at = FREE;
  const take = (bytes: number): number => {
    const start = at;
    at += Math.ceil(bytes / 64) * 64;
    return start;
  };
  const columnsAt = take(COLUMNS_MAX * ENTRY_WORDS * 4);
  const bitsAt = take(2 * DIFFERS);
  const leftAt = take(STRIPS_BYTES / 64 + ROWS_MAX * 4);
  const wantedAt = take(PAGES_WANTED_MAX * 4);
  const endsAt = take(STRIPS_BYTES / 2 + 64 * 4 + 64);
  const stripsAt = take(STRIPS_BYTES);
  const beforeAt = take(STRIPS_BYTES);
  const recentAt = take(RECENT_BYTES);
  const decimalsAt = take(2048 * 32);
  const unquotedAt = take(UNQUOTED_BYTES + 3 * BLOCK_MARGIN) + BLOCK_MARGIN;
  const keySpansAt = take(ROWS_MAX * 8);
  const keyTextAt = take(KEY_TEXT_BYTES + 64);
  const framesAt = take(FRAMES * FRAME_BYTES + 64);
  const bodyAt = take(BLOCK_BYTES + 3 * BLOCK_MARGIN) + BLOCK_MARGIN;
  const loaded = loadKernel<ScanFunctions>('scan', at);
  loaded.functions.fillTables();
  loaded.functions.setMemory(columnsAt, endsAt, leftAt, framesAt, recentAt, wantedAt, decimalsAt, unquotedAt);
  loaded.i32.set(powersOfFive(), FIVES / 4);
  kernel = {
    ...loaded,
    columnsAt,
    endsAt,
    leftAt,
    framesAt,
    keySpansAt,
    keyTextAt,
    wantedAt,
    stripsAt,
    beforeAt,
    bitsAt,
    bodyAt,
    blockBytes: BLOCK_BYTES,
  };
  return kernel;
}

/** Where a page of strings lies when it is in: see assembly/scan/text.ts. */
export function frameAt({ framesAt }: ScanKernel, page: number): number {
  return framesAt + (page & (FRAMES - 1)) * FRAME_BYTES;
}

/** Texts that mean missing: at most MISSING_TEXTS_MAX of MISSING_TEXT_BYTES_MAX bytes. */
export function writeMissingTexts({ u8, i32 }: ScanKernel, texts: readonly Uint8Array[]): void {
  texts.forEach((text, i) => {
    const at = MISSING_TEXTS + i * 32;
    u8.fill(0, at, at + 16);
    u8.set(text, at);
    i32[(at + 16) / 4] = text.length;
  });
}

/** Says which columns make a row's key; `others` of rows whose cell in `typeColumn` is 4. */
export function writeKeyColumns(
  { i32, functions }: ScanKernel,
  columns: readonly KeyColumn[],
  others: readonly KeyColumn[],
  typeColumn: number,
): void {
  const words = [...columns, ...others].map(({ column, isGuid }) => column * 2 + (isGuid ? 1 : 0));
  i32.set(words, KEY_COLUMNS / 4);
  functions.setKeys(columns.length, others.length, typeColumn);
}

export interface KeyColumn {
  readonly column: number;
  readonly isGuid: boolean;
}
