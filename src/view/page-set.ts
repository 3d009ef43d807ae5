/** The pages of one selection of one snapshot, encoded. Immutable but for the time of its last use. */
import type { ListRequest, ListSelection } from '../query/list-query.js';
import { formatCursor } from './cursor-token.js';
import type { EncodedPages } from './encode-pages.js';
import { ListBody } from './list-body.js';

/** What a set costs beside its bytes, and each page of it. */
const SET_BYTES = 2048;
const PAGE_BYTES = 32;

/** One page, ready to be sent. */
export interface CursorPage {
  readonly body: ListBody;
  /** Of the page behind it; null: this is the last. */
  readonly nextCursor: string | null;
  /** Time of the data of each source when the pages were made, epoch ms. */
  readonly dataTsMs: ReadonlyMap<string, number>;
}

/** What a set of pages is of. */
export interface PageSetOrigin {
  readonly id: string;
  readonly snapshotId: string;
  readonly selection: ListSelection;
  /** The request that asked for it: a cursor may come with its parameters. */
  readonly request: ListRequest;
  readonly dataTsMs: ReadonlyMap<string, number>;
}

export class PageSet {
  readonly origin: PageSetOrigin;
  /** Memory held. */
  readonly cost: number;
  /** Monotonic ms. */
  usedAtMs = 0;
  readonly #pages: EncodedPages;

  constructor(origin: PageSetOrigin, pages: EncodedPages) {
    const { request, selection } = origin;
    this.origin = origin;
    this.#pages = pages;
    const texts = request.rawQuery.length + request.accept.length + selection.key.length * 2;
    this.cost = pages.bytes.buffer.byteLength + pages.ends.length * PAGE_BYTES + texts * 2 + SET_BYTES;
  }

  /** Undefined beyond the last page. */
  page(index: number): CursorPage | undefined {
    const { bytes, ends, tail, contentType, sourceSets, sourceSetOf } = this.#pages;
    if (index >= ends.length) return undefined;
    const { id, snapshotId, selection, dataTsMs } = this.origin;
    const nextCursor = index + 1 < ends.length ? formatCursor({ id, page: index + 1 }) : null;
    const encoded = {
      bytes: bytes.subarray(index === 0 ? 0 : ends[index - 1]!, ends[index]),
      gzip: null,
      tail,
      contentType,
      sourceIds: sourceSets[sourceSetOf[index]!] ?? [],
    };
    const body = new ListBody(snapshotId, encoded, selection.bare, nextCursor);
    return { body, nextCursor, dataTsMs };
  }
}
