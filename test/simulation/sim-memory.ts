/** Shared memory of one world, lent from world to world: new memory costs more than all else. */
import { FreeList } from '../../src/snapshot/free-list.js';

const LENT_MAX = 48;
/** What a buffer holds that others have used: the same in every world, so that a seed says all. */
const RUBBISH = 0xa5;

let lent: SharedArrayBuffer[] = [];

export class LentMemory extends FreeList {
  readonly #buffers: Set<SharedArrayBuffer>;
  readonly #lentBytes: number;

  constructor() {
    super(2 ** 30, () => undefined);
    this.#buffers = new Set(lent);
    this.#lentBytes = lent.reduce((bytes, { byteLength }) => bytes + byteLength, 0);
    for (const buffer of lent) {
      new Uint8Array(buffer).fill(RUBBISH);
      this.release(buffer);
    }
    lent = [];
  }

  override acquire(bytesMin: number, room?: number, excess?: number): SharedArrayBuffer {
    const buffer = super.acquire(bytesMin, room, excess);
    this.#buffers.add(buffer);
    return buffer;
  }

  get usedBytes(): number {
    const { sharedBytes, freeBytes } = this.stats;
    return sharedBytes + this.#lentBytes - freeBytes;
  }

  /** The world is over: nobody reads or writes any of it. */
  giveBack(): void {
    lent = [...this.#buffers].slice(0, LENT_MAX);
  }
}
