/** The headers that reads have in common: which snapshot, how old, for whom it may be cached. */
import type { Freshness } from '../query/freshness.js';
import { etagOf } from '../query/etag.js';
import { HeaderBlock, headerLines } from './header-block.js';
import { ETAG, X_DATA_AGE_MS, X_SNAPSHOT_TS, X_STALE_SOURCES } from './header-names.js';
import type { RequestIds } from './request-ids.js';

/** Of every answer made from a snapshot. */
const SNAPSHOT_FIXED = {
  'X-Content-Type-Options': 'nosniff',
  Vary: 'Accept, Accept-Encoding',
  'Cache-Control': 'no-cache',
} as const;

const FIXED_LINES = headerLines(SNAPSHOT_FIXED);
/** More names than this would be more header than proxies take. */
const STALE_SOURCES_SHOWN_MAX = 50;
/** An id, the fixed headers and an age, with room to spare. */
const WHOLE_BYTES_MAX = 512;

const encoder = new TextEncoder();
const OK_WITH_ID = encoder.encode('200 OK\r\nX-Request-Id: ');

/** Appends all of them. Source ids and snapshot ids are of harmless characters by their grammar. */
export function appendSnapshot(block: HeaderBlock, snapshotId: string, freshness: Freshness): void {
  block.append(FIXED_LINES);
  block.append(ETAG);
  block.text(etagOf(snapshotId));
  appendAge(block, freshness);
}

/** How old the data is, and which sources are stale. */
export function appendAge(block: HeaderBlock, { ageMs, dataTsMs, staleSources }: Freshness): void {
  block.append(X_SNAPSHOT_TS);
  block.uint(Math.round(dataTsMs));
  block.append(X_DATA_AGE_MS);
  block.uint(ageMs);
  if (staleSources.length === 0) return;
  const more = staleSources.length - STALE_SOURCES_SHOWN_MAX;
  const shown = staleSources.slice(0, STALE_SOURCES_SHOWN_MAX).join(',');
  block.append(X_STALE_SOURCES);
  block.text(more > 0 ? `${shown},+${more}` : shown);
}

/**
 * The same for a hot path: everything but the age, as one run of bytes that is made again only
 * when snapshot or time of the data change. One for each media type and source.
 */
export class SnapshotPrefix {
  readonly #contentType: string;
  #snapshotId = '';
  #dataTsMs = Number.NaN;
  #bytes = new Uint8Array(0);
  readonly #whole = new HeaderBlock(WHOLE_BYTES_MAX);
  #wholeOf = this.#bytes;
  #idEnd = 0;

  constructor(contentType: string) {
    this.#contentType = contentType;
    this.#whole.append(OK_WITH_ID);
  }

  append(block: HeaderBlock, snapshotId: string, freshness: Freshness): void {
    const { ageMs, dataTsMs } = freshness;
    if (snapshotId !== this.#snapshotId || dataTsMs !== this.#dataTsMs) this.#make(snapshotId, dataTsMs);
    block.append(this.#bytes);
    block.uint(ageMs);
  }

  /**
   * Status and all headers of an answer 200 with an id of the server's own, for writeStatus: one value is
   * one crossing into the library. Only the digits of the id and of the age are written, the rest stands
   * there from the answer before. Valid until the next call.
   */
  whole(ids: RequestIds, snapshotId: string, ageMs: number, dataTsMs: number): Uint8Array {
    if (snapshotId !== this.#snapshotId || dataTsMs !== this.#dataTsMs) this.#make(snapshotId, dataTsMs);
    const block = this.#whole;
    block.keep(OK_WITH_ID.length);
    ids.write(block, ids.next());
    if (this.#wholeOf === this.#bytes && this.#idEnd === block.at) block.keep(block.at + this.#bytes.length);
    else {
      this.#wholeOf = this.#bytes;
      this.#idEnd = block.at;
      block.append(this.#bytes);
    }
    block.uint(ageMs);
    return block.view();
  }

  #make(snapshotId: string, dataTsMs: number): void {
    this.#snapshotId = snapshotId;
    this.#dataTsMs = dataTsMs;
    const lines = headerLines({
      'Content-Type': this.#contentType,
      ...SNAPSHOT_FIXED,
      ETag: etagOf(snapshotId),
      'X-Snapshot-Ts': String(Math.round(dataTsMs)),
    });
    this.#bytes = encoder.encode(new TextDecoder().decode(lines) + '\r\nX-Data-Age-Ms: ');
  }
}
