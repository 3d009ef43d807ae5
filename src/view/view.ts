/** Plug point: rows to bytes. */
import type { ByteWriter } from './bytes.js';
import type { Listing } from './listing.js';
import type { ListShape } from '../query/list-query.js';

/**
 * What of a body is not in the cached bytes, because it changes while the snapshot stays. The main
 * thread ends the body for each response (list-body.ts): `,"total":64,"age_ms":812}`.
 */
export interface Tail {
  readonly total: number;
  /** False: total is in the bytes and age is no member; only the end of the object is missing. */
  readonly aged: boolean;
}

/**
 * One shape of a list.
 *
 * Contract, held by every implementation (test/contract/view.case.ts):
 *
 * - `encode` is synchronous and appends to `out`, whatever is there already; it keeps no state, so
 *   the same listing gives the same bytes in any thread.
 * - Rows and their order are those of `listing.forEachRow`, columns those of `listing.fields`.
 *   Missing is missing; 64-bit integers keep every digit; text comes out escaped for the format.
 * - It returns null when the bytes are a whole body, or a Tail when the end is still to be written.
 * - The writer's limit is its only limit: it lets too_large pass through.
 */
export interface View {
  readonly shape: ListShape;
  /** As sent in Content-Type. */
  readonly mediaType: string;
  encode(listing: Listing, out: ByteWriter): Tail | null;
}

export const JSON_TYPE = 'application/json';
export const CSV_TYPE = 'text/csv; charset=utf-8';
export const NDJSON_TYPE = 'application/x-ndjson';
