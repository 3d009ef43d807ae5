/**
 * Selections of requests that were read before: clients of lists ask for the same ones again and
 * again, and reading costs more than sending a body that is encoded already. A selection is of the
 * request alone, so it outlives every publish.
 */
import type { ListRequest, ListSelection } from '../../query/list-query.js';

const ENTRIES_MAX = 256;
/** Longer requests are rare, and would make the map large. */
export const KEY_LENGTH_MAX = 512;

export class KnownLists {
  readonly #known = new Map<string, ListSelection>();

  get size(): number {
    return this.#known.size;
  }

  get(request: ListRequest): ListSelection | undefined {
    return this.#known.get(keyOf(request));
  }

  add(request: ListRequest, selection: ListSelection): void {
    const key = keyOf(request);
    if (key.length > KEY_LENGTH_MAX) return;
    if (this.#known.size >= ENTRIES_MAX) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    this.#known.set(key, selection);
  }
}

/** Neither a query nor a header holds a line feed, and a path segment is as it was sent. */
function keyOf({ rawQuery, rawMetric, accept }: ListRequest): string {
  return rawMetric === null ? listKey(rawQuery, accept) : `${rawQuery}\n${accept}\n${rawMetric}`;
}

/** Of a list without a path segment. */
export function listKey(rawQuery: string, accept: string): string {
  return accept === '' ? rawQuery : `${rawQuery}\n${accept}`;
}
