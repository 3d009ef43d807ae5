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
  /** The line it begins in, where it does not follow the region before. */
  readonly line?: number;
}

/** The regions of body[from, to), which begins and ends at a line, in order; none for no data. */
export function regionsOf(body: Uint8Array, from: number, to = body.length): Region[] {
  let split = Math.min(to, body.length - MARGIN_BEHIND);
  while (split > from && body[split - 1] !== LF) split--;
  const regions: Region[] = [];
  if (split > from) {
    regions.push({ bytes: body, view: byteView(body), start: from, end: split, bias: 0 });
  } else {
    split = from;
  }
  if (split < to) regions.push(tailRegion(body, split, to));
  return regions;
}

function tailRegion(body: Uint8Array, split: number, to: number): Region {
  const length = to - split;
  const bytes = new Uint8Array(MARGIN_BEFORE + length + 1 + MARGIN_BEHIND);
  for (let i = 0; i < length; i++) bytes[MARGIN_BEFORE + i] = body[split + i]!;
  let end = MARGIN_BEFORE + length;
  if (bytes[end - 1] !== LF) bytes[end++] = LF;
  return { bytes, view: byteView(bytes), start: MARGIN_BEFORE, end, bias: split - MARGIN_BEFORE };
}
