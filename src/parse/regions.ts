/**
 * The data of a body in two pieces. The hot loop reads up to MARGIN_BEHIND bytes beyond a cell, which
 * the last rows of a body do not have. They are copied behind one another into a buffer that has, and
 * that ends in a line break where the body does not.
 */
import { byteView } from '../snapshot/byte-view.js';
import { MARGIN_BEFORE, MARGIN_BEHIND } from './run-state.js';

const LF = 10;

export interface Region {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The rows: bytes [start, end), the last of them an LF. */
  readonly start: number;
  readonly end: number;
  /** Offset in the body of `bytes[0]`. */
  readonly bias: number;
}

/** The regions of body[dataStart, …), in order; none for a body without data. */
export function regionsOf(body: Uint8Array, dataStart: number): Region[] {
  let split = body.length - MARGIN_BEHIND;
  while (split > dataStart && body[split - 1] !== LF) split--;
  const regions: Region[] = [];
  if (split > dataStart) {
    regions.push({ bytes: body, view: byteView(body), start: dataStart, end: split, bias: 0 });
  } else {
    split = dataStart;
  }
  if (split < body.length) regions.push(tailRegion(body, split));
  return regions;
}

function tailRegion(body: Uint8Array, split: number): Region {
  const length = body.length - split;
  const bytes = new Uint8Array(MARGIN_BEFORE + length + 1 + MARGIN_BEHIND);
  for (let i = 0; i < length; i++) bytes[MARGIN_BEFORE + i] = body[split + i]!;
  let end = MARGIN_BEFORE + length;
  if (bytes[end - 1] !== LF) bytes[end++] = LF;
  return { bytes, view: byteView(bytes), start: MARGIN_BEFORE, end, bias: split - MARGIN_BEFORE };
}
