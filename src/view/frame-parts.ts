/**
 * One frame as one or more parts, cut between rows. A part is a whole frame without its beginning:
 * the members that differ between subscribers (type, id, prev or reason) stand before it.
 *
 * ```
 * "snapshot_id":"k3f9-43","fields":["a"],"rows":[["sw-000",34.1], …],"part":0}
 * "snapshot_id":"k3f9-43","changes":[["sw-000",{"a":34.2}], …],"removed":["sw-063"]}
 * ```
 */
import { WeftError } from '../model/errors.js';
import { ByteWriter } from './bytes.js';

const COMMA = 44;
/** Behind the rows of a part: its number, `last`, brackets. */
const TAIL_BYTES_MAX = 64;
/** Most frames are small diffs, and there may be a thousand of them after a publish. */
const FIRST_BYTES = 2048;

export interface FrameLimits {
  /** A part is closed once it is this long; rows are never cut. Infinity: one part. */
  readonly partBytes: number;
  /** Rows times fields of a selection (MAX_FRAME_CELLS). */
  readonly cellsMax: number;
  /** Bytes of all parts together (MAX_LIST_BYTES). */
  readonly bytesMax: number;
}

export class FrameParts {
  /** Where rows are written, each after `row`. */
  readonly out: ByteWriter;
  readonly #removed: ByteWriter | null;
  readonly #head: Uint8Array;
  readonly #limits: FrameLimits;
  readonly #done: Uint8Array<ArrayBuffer>[] = [];
  #doneBytes = 0;
  #rows = 0;
  #removedRows = 0;

  /** `head`: what each part begins with, up to the bracket that opens its rows. */
  constructor(head: Uint8Array, hasRemoved: boolean, limits: FrameLimits) {
    this.#head = head;
    this.#limits = limits;
    this.out = new ByteWriter(limits.bytesMax, 'MAX_LIST_BYTES', '', FIRST_BYTES);
    this.#removed = hasRemoved ? new ByteWriter(limits.bytesMax, 'MAX_LIST_BYTES', '', 256) : null;
    this.out.append(head);
  }

  /** Bytes so far, closed parts included. */
  get byteLength(): number {
    return this.#doneBytes + this.out.at + (this.#removed?.at ?? 0);
  }

  /** Call before each row is written: closes the part that is full. */
  row(): void {
    this.#cutIfFull();
    if (this.#rows++ > 0) this.out.byte(COMMA);
  }

  /** Call before each removed key, and write the key to what it returns. */
  removedRow(): ByteWriter {
    this.#cutIfFull();
    const removed = this.#removed!;
    if (this.#removedRows++ > 0) removed.byte(COMMA);
    return removed;
  }

  #cutIfFull(): void {
    const size = this.out.at + (this.#removed?.at ?? 0);
    if (size < this.#limits.partBytes || this.#rows + this.#removedRows === 0) return;
    this.#close(`,"part":${this.#done.length}}`);
    this.out.append(this.#head);
  }

  #close(tail: string): void {
    const { out } = this;
    out.byte(93);
    if (this.#removed) {
      out.ascii(',"removed":[');
      out.append(this.#removed.result());
      out.byte(93);
      this.#removed.reset();
    }
    out.ascii(tail);
    const part = out.copy();
    this.#done.push(part);
    this.#doneBytes += part.length;
    out.reset();
    this.#rows = this.#removedRows = 0;
    if (this.#doneBytes <= this.#limits.bytesMax + TAIL_BYTES_MAX) return;
    throw new WeftError(
      'too_large',
      `cannot send a frame of more than ${this.#limits.bytesMax} bytes (MAX_LIST_BYTES); ` +
        'select fewer switches or metrics',
    );
  }

  /** Closes the last part. The buffers belong to the caller. Throws too_large. */
  finish(): Uint8Array<ArrayBuffer>[] {
    const before = this.#done.length;
    this.#close(before === 0 ? '}' : `,"part":${before},"last":true}`);
    return this.#done;
  }
}
