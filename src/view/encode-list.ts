/** One list from table to bytes: the same in a worker and, for small ones, on main. */
import type { Table, TableRef } from '../fabric/table.js';
import { WeftError, type ErrorCode } from '../model/errors.js';
import type { ListSelection } from '../query/list-query.js';
import { ByteWriter } from './bytes.js';
import { gzipPrefix } from './gzip.js';
import { Listing } from './listing.js';
import { VIEWS } from './registry.js';
import type { Tail } from './view.js';

/** What a list needs beside its table. */
export interface ListOrder {
  readonly selection: ListSelection;
  readonly gzip: boolean;
  /** MAX_LIST_BYTES, before compression. */
  readonly listBytesMax: number;
  /** Age of each part's data in ms, for `@age_ms`. */
  readonly agesMs: readonly number[];
}

/** The task of the job `encodeList`. The table's banks are pinned while it runs. */
export interface ListTask extends ListOrder {
  readonly table: TableRef;
}

/** A body without its end; `bytes` owns its buffer, and nearly fills it. */
export interface EncodedList {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** null: not compressed. */
  readonly gzip: { readonly crc: number; readonly rawLength: number } | null;
  readonly tail: Tail | null;
  readonly contentType: string;
  readonly sourceIds: readonly string[];
}

/** Errors cross threads as values. */
export type ListResult =
  | { readonly ok: true; readonly list: EncodedList }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

const ADVICE = "; ask for fewer columns with 'fields' or fewer rows with 'limit'";

/** Encodes one list. Throws unknown_metric or too_large. */
export function encodeOrder(table: Table, order: ListOrder): EncodedList {
  const { selection } = order;
  const listing = new Listing(table, selection, order.agesMs);
  const view = VIEWS[selection.shape];
  const out = new ByteWriter(order.listBytesMax, 'MAX_LIST_BYTES', ADVICE);
  const tail = view.encode(listing, out);
  const { sourceIds } = listing;
  const contentType = view.mediaType;
  if (!order.gzip) return { bytes: out.take(), gzip: null, tail, contentType, sourceIds };
  const { bytes, crc, rawLength } = gzipPrefix(out.result());
  return { bytes, gzip: { crc, rawLength }, tail, contentType, sourceIds };
}

/** The same with errors as values. */
export function tryEncodeOrder(table: Table, order: ListOrder): ListResult {
  try {
    return { ok: true, list: encodeOrder(table, order) };
  } catch (error) {
    if (error instanceof WeftError) return { ok: false, code: error.code, message: error.message };
    return { ok: false, code: 'internal', message: `cannot encode the list: ${String(error)}` };
  }
}
