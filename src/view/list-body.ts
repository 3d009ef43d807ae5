/** A finished list body: cached bytes, and an end that is made for each response. */
import type { Freshness } from '../query/freshness.js';
import type { EncodedList } from './encode-list.js';
import { gzipEnd } from './gzip.js';

const NOTHING = new Uint8Array(0);

/** Numbers, names of sources and cursors are nothing else; an encoder for all text costs a microsecond. */
function ascii(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** Immutable; shared by all responses that send it. */
export class ListBody {
  /** Of the rows in it: for the ETag. */
  readonly snapshotId: string;
  readonly contentType: string;
  readonly contentEncoding: 'gzip' | null;
  /** First bytes of every response. Never changed: send it without copying. */
  readonly prefix: Uint8Array;
  /** Sources whose rows are in it; empty when there are no rows. For listFreshness. */
  readonly sourceIds: readonly string[];
  readonly #encoded: EncodedList;
  readonly #bare: boolean;
  readonly #next: string;

  /** `nextCursor`: of a page of a cursor, null for the last one; undefined: no such page. */
  constructor(snapshotId: string, encoded: EncodedList, bare: boolean, nextCursor?: string | null) {
    this.snapshotId = snapshotId;
    this.contentType = encoded.contentType;
    this.contentEncoding = encoded.gzip ? 'gzip' : null;
    this.prefix = encoded.bytes;
    this.sourceIds = encoded.sourceIds;
    this.#encoded = encoded;
    this.#bare = bare;
    this.#next = nextCursor === undefined ? '' : `,"next_cursor":${JSON.stringify(nextCursor)}`;
  }

  /** Bytes held, for the cache. */
  get byteLength(): number {
    return this.prefix.buffer.byteLength;
  }

  /** Last bytes of one response; the whole body is `prefix` and these. */
  end(freshness: Freshness): Uint8Array {
    const tail = this.#tail(freshness);
    const { gzip } = this.#encoded;
    return gzip ? gzipEnd(gzip.crc, gzip.rawLength, tail) : tail;
  }

  /** What stands between `prefix` and the age, where a body has one; null: `end` does not depend on it. */
  get beforeAge(): string | null {
    const { tail } = this.#encoded;
    if (tail === null || !tail.aged) return null;
    return this.#bare ? ',"age_ms":' : `,"total":${tail.total},"age_ms":`;
  }

  #tail({ ageMs, staleSources }: Freshness): Uint8Array {
    const { beforeAge } = this;
    if (this.#encoded.tail === null) return NOTHING;
    if (beforeAge === null) return ascii(`${this.#next}}`);
    if (this.#bare) return ascii(`${beforeAge}${ageMs}}`);
    const stale = staleSources.length > 0 ? `,"stale_sources":${JSON.stringify(staleSources)}` : '';
    return ascii(`${beforeAge}${ageMs}${stale}${this.#next}}`);
  }
}
