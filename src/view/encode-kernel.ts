/**
 * The memory of the encode kernel (src/kernel/assembly/encode.ts), one a thread: where its parameters,
 * its tables and its text lie. Addresses are in bytes.
 */
import { loadKernel, type Kernel } from '../kernel/load-kernel.js';
import { putPowersOfTen } from '../kernel/powers-of-ten.js';

export interface EncodeFunctions {
  /** Writes until it needs something: one of ENCODE_*. */
  encodeRows(): number;
  /** The same for the cells of one field. */
  encodeColumn(): number;
  /** The same for those cells of rows that are marked as changed. */
  encodeChanges(): number;
}

/** What they return. */
export const ENCODE_DONE = 0;
export const ENCODE_CELL = 2;
export const ENCODE_TAIL = 3;
export const ENCODE_STOP = 4;

/** Words of the parameter block. */
const P = 4096 / 4;
export const P_ROW_COUNT = P;
export const P_FIELD_COUNT = P + 1;
export const P_FIELDS = P + 2;
export const P_ROWS = P + 3;
export const P_OUT_LIMIT = P + 4;
export const P_OUT_STOP = P + 5;
export const P_NULL_BYTES = P + 6;
export const P_QUOTES_BIG = P + 7;
export const P_OPEN = P + 8;
export const P_OPEN_BYTES = P + 9;
export const P_CLOSE = P + 10;
export const P_CLOSE_BYTES = P + 11;
export const P_ROW = P + 12;
export const P_FIELD = P + 13;
export const P_OUT = P + 14;
export const P_FIRST = P + 15;
export const P_RAW_KEYS = P + 16;
export const P_KEY_BYTES = P + 17;

/** Words of a field's record: kind, cells, validity bits, kinds of cells, label, its length, changed bits. */
export const FIELD_WORDS = 7;
/** Words of a row's record: lane, key, its length, tail, its length. */
export const ROW_WORDS = 5;

/** Kinds of cells beside the tags of model/schema.ts. */
export const KIND_TEXT = 3;
export const KIND_MIXED = 4;

/** Rows of one block. */
export const BLOCK_ROWS_MAX = 1024;
/** Longer labels, texts and tails are not given to the kernel, it hands their cells back. */
export const LABEL_BYTES_MAX = 4096;
export const TEXT_CELL_BYTES_MAX = 8192;
export const TAIL_BYTES_MAX = 8192;
/** One step of the kernel writes less: a key, a label, a text, a tail, and what brackets them. */
const MARGIN_BYTES = 32 * 1024;

/** Fields of a body: more than the columns of 16 of the widest sources. Memory that nobody writes is not there. */
export const FIELDS_MAX = 65_536;
/** A strip of the fewest rows. */
const STRIP_BYTES_MIN = 320;

const POWERS_AT = 8192;
export const FIELDS_AT = POWERS_AT + 16_384;
export const ROWS_AT = FIELDS_AT + FIELDS_MAX * FIELD_WORDS * 4;
export const LABELS_AT = ROWS_AT + BLOCK_ROWS_MAX * ROW_WORDS * 4;
export const LABELS_BYTES = 256 * 1024;
export const KEYS_AT = LABELS_AT + LABELS_BYTES;
export const KEYS_BYTES = 256 * 1024;
export const TEXTS_AT = KEYS_AT + KEYS_BYTES;
export const TEXTS_BYTES = 128 * 1024;
export const TAILS_AT = TEXTS_AT + TEXTS_BYTES;
export const TAILS_BYTES = 64 * 1024;
export const STRIPS_AT = TAILS_AT + TAILS_BYTES;
/** Cells of a block, so that they stay in the processor's cache; a very wide block takes more. */
export const STRIPS_BYTES = 1024 * 1024;
export const OUT_AT = STRIPS_AT + FIELDS_MAX * STRIP_BYTES_MIN;
const OUT_BYTES = 160 * 1024;
export const OUT_LIMIT = OUT_AT + OUT_BYTES - MARGIN_BYTES;

let kernel: Kernel<EncodeFunctions> | null = null;

/** This thread's kernel: started when the first list is encoded. */
export function encodeKernel(): Kernel<EncodeFunctions> {
  if (kernel === null) {
    kernel = loadKernel<EncodeFunctions>('encode', OUT_AT + OUT_BYTES);
    const { i32 } = kernel;
    putPowersOfTen(i32, POWERS_AT / 4);
    i32[P_FIELDS] = FIELDS_AT;
    i32[P_ROWS] = ROWS_AT;
    i32[P_OUT_LIMIT] = OUT_LIMIT;
  }
  return kernel;
}
