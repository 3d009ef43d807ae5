/** All pages of one selection, ordered once: the same in a worker and, for small ones, on main. */
import type { Table, TableRef } from '../fabric/table.js';
import { WeftError, type ErrorCode } from '../model/errors.js';
import type { ListSelection } from '../query/list-query.js';
import { visitSlice } from '../query/slice.js';
import { ByteWriter } from './bytes.js';
import { Listing } from './listing.js';
import { VIEWS } from './registry.js';
import type { Tail } from './view.js';

/** What pages need beside their table. */
export interface PagesOrder {
  /** With the size of a page as its limit. */
  readonly selection: ListSelection;
  /** MAX_LIST_BYTES, of one page. */
  readonly listBytesMax: number;
  /** CURSOR_CACHE_BYTES, of all pages. */
  readonly cursorBytesMax: number;
  /** Age of each part's data in ms, for `@age_ms`. */
  readonly agesMs: readonly number[];
}

/** The task of the job `encodePages`. The table's banks are pinned while it runs. */
export interface PagesTask extends PagesOrder {
  readonly table: TableRef;
}

/** Bodies without their ends, one behind the other. At least one: of no rows. */
export interface EncodedPages {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each page ends in `bytes`. */
  readonly ends: readonly number[];
  /** Sets of sources, and which of them has the rows of each page. */
  readonly sourceSets: readonly (readonly string[])[];
  readonly sourceSetOf: readonly number[];
  /** The same for all pages. */
  readonly tail: Tail | null;
  readonly contentType: string;
}

/** Errors cross threads as values. */
export type PagesResult =
  | { readonly ok: true; readonly pages: EncodedPages }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** The last words of the error too_large. */
export const PAGES_ADVICE =
  "; ask for fewer columns with 'fields', fewer rows with 'where', larger pages with 'limit', or without a " +
  'cursor';

/** The rows of all pages in their order. */
interface Rows {
  readonly parts: readonly number[];
  readonly slots: readonly number[];
  readonly total: number;
}

function rowsOf(table: Table, { selection, agesMs }: PagesOrder): Rows {
  const parts: number[] = [];
  const slots: number[] = [];
  const visit = (part: number, slot: number): void => {
    parts.push(part);
    slots.push(slot);
  };
  return { parts, slots, total: visitSlice(table, { ...selection, limit: null }, visit, agesMs) };
}

/** Encodes all pages. Throws unknown_metric, bad_value or too_large. */
export function encodePages(table: Table, order: PagesOrder): EncodedPages {
  const { selection, listBytesMax, cursorBytesMax, agesMs } = order;
  const view = VIEWS[selection.shape];
  const { parts, slots, total } = rowsOf(table, order);
  const size = selection.limit ?? Math.max(1, slots.length);
  const out = new ByteWriter(cursorBytesMax, 'CURSOR_CACHE_BYTES', PAGES_ADVICE);
  const ends: number[] = [];
  const sets = new Map<string, number>();
  const sourceSets: (readonly string[])[] = [];
  const sourceSetOf: number[] = [];
  let tail: Tail | null = null;
  for (let from = 0; from === 0 || from < slots.length; from += size) {
    const start = out.at;
    const to = Math.min(from + size, slots.length);
    const page = { ...selection, offset: selection.offset + from };
    const listing = new Listing(table, page, agesMs, (visit) => {
      for (let i = from; i < to; i++) visit(parts[i]!, slots[i]!);
      return total;
    });
    tail = view.encode(listing, out);
    ends.push(out.at);
    if (out.at - start > listBytesMax) {
      throw new WeftError(
        'too_large',
        `cannot write a page of more than ${listBytesMax} bytes (MAX_LIST_BYTES); ask for fewer columns with ` +
          "'fields' or fewer rows with 'limit'",
      );
    }
    const { sourceIds } = listing;
    const key = sourceIds.join();
    const known = sets.get(key) ?? sourceSets.push(sourceIds) - 1;
    sets.set(key, known);
    sourceSetOf.push(known);
  }
  return { bytes: out.take(), ends, sourceSets, sourceSetOf, tail, contentType: view.mediaType };
}

/** The same with errors as values. */
export function tryEncodePages(table: Table, order: PagesOrder): PagesResult {
  try {
    return { ok: true, pages: encodePages(table, order) };
  } catch (error) {
    if (error instanceof WeftError) return { ok: false, code: error.code, message: error.message };
    return { ok: false, code: 'internal', message: `cannot encode the pages: ${String(error)}` };
  }
}
