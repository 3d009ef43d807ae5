/** The first rows of an order, kept while all are looked at once. */
import type { RowOrder } from './row-order.js';
import type { RowVisitor } from './row-visitor.js';

const FIRST_ROWS = 256;

/**
 * Keeps the `offset + limit` rows that stand first: a heap whose root is the last of them, so that
 * most rows cost one comparison. Rows that the order does not tell apart keep that of `take`.
 */
export class TopRows {
  /** Rows taken so far, kept or not. */
  total = 0;
  readonly #order: RowOrder;
  readonly #offset: number;
  readonly #kept: number;
  #count = 0;
  #parts = new Uint16Array(FIRST_ROWS);
  #slots = new Int32Array(FIRST_ROWS);
  /** When each row was taken: decides ties. */
  #ranks = new Uint32Array(FIRST_ROWS);
  #heap = new Uint32Array(0);

  constructor(order: RowOrder, { offset, limit }: { offset: number; limit: number | null }) {
    this.#order = order;
    this.#offset = offset;
    this.#kept = limit === null ? Infinity : offset + limit;
  }

  take(part: number, slot: number): void {
    const rank = this.total++;
    if (this.#count < this.#kept) {
      this.#add(part, slot, rank);
      return;
    }
    if (this.#kept === 0) return;
    if (this.#heap.length === 0) this.#makeHeap();
    const last = this.#heap[0]!;
    // A later row that ties stands behind.
    if (this.#order(part, slot, this.#parts[last]!, this.#slots[last]!) >= 0) return;
    this.#parts[last] = part;
    this.#slots[last] = slot;
    this.#ranks[last] = rank;
    this.#sink(0);
  }

  /** The rows of the range in their order. */
  visit(visit: RowVisitor): void {
    const order = Uint32Array.from({ length: this.#count }, (_, i) => i);
    order.sort((a, b) => this.#compare(a, b));
    for (let i = this.#offset; i < order.length; i++) visit(this.#parts[order[i]!]!, this.#slots[order[i]!]!);
  }

  #add(part: number, slot: number, rank: number): void {
    const at = this.#count++;
    if (at === this.#slots.length) this.#grow();
    this.#parts[at] = part;
    this.#slots[at] = slot;
    this.#ranks[at] = rank;
  }

  #grow(): void {
    const size = this.#slots.length * 2;
    const grown = <T extends Uint16Array | Int32Array | Uint32Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.#parts = grown(this.#parts, new Uint16Array(size));
    this.#slots = grown(this.#slots, new Int32Array(size));
    this.#ranks = grown(this.#ranks, new Uint32Array(size));
  }

  #compare(a: number, b: number): number {
    const order = this.#order(this.#parts[a]!, this.#slots[a]!, this.#parts[b]!, this.#slots[b]!);
    return order !== 0 ? order : this.#ranks[a]! - this.#ranks[b]!;
  }

  #makeHeap(): void {
    this.#heap = Uint32Array.from({ length: this.#count }, (_, i) => i);
    for (let at = (this.#count >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  /** Puts what stands at `from` below what stands behind it in the order. */
  #sink(from: number): void {
    const heap = this.#heap;
    const row = heap[from]!;
    let at = from;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#compare(heap[child + 1]!, heap[child]!) > 0) child++;
      if (this.#compare(row, heap[child]!) >= 0) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = row;
  }
}
