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
import type { RowSink } from './row-sink.js';

const COMMA = 44;
/** Behind the rows of a part: its number, `last`, brackets. */
const TAIL_BYTES_MAX = 64;
const FIRST_BYTES = 4096;
/** A larger buffer is not kept for the next frame. */
const SPARE_BYTES_MAX = 512 * 1024;

/**
 * Rows are collected here and copied out: there may be a thousand small frames after a publish, and
 * buffers cost more than their cells. Null while a frame has it.
 */
let spare: Uint8Array<ArrayBuffer> | null = null;

export interface FrameLimits {
  /** A part is closed once it is this long; rows are never cut. Infinity: one part. */
  readonly partBytes: number;
  /** Rows times fields of a selection (MAX_FRAME_CELLS). */
  readonly cellsMax: number;
  /** Bytes of all parts together (MAX_LIST_BYTES). */
  readonly bytesMax: number;
}

export class FrameParts implements RowSink {
  /** Where rows are written, each after `row`. */
  readonly out: ByteWriter;
  readonly #hasRemoved: boolean;
  /** Made for the first removed key. */
  #removed: ByteWriter | null = null;
  readonly #head: string;
  readonly #limits: FrameLimits;
  readonly #done: Uint8Array<ArrayBuffer>[] = [];
  #doneBytes = 0;
  #rows = 0;
  #removedRows = 0;

  /** `head`: what each part begins with, up to the bracket that opens its rows. */
  constructor(head: string, hasRemoved: boolean, limits: FrameLimits) {
    this.#head = head;
    this.#hasRemoved = hasRemoved;
    this.#limits = limits;
    this.out = new ByteWriter(limits.bytesMax, 'MAX_LIST_BYTES', '', 0);
    this.out.u8 = spare ?? new Uint8Array(FIRST_BYTES);
    spare = null;
    this.out.utf8(head);
  }

  /** Bytes so far, closed parts included. */
  get byteLength(): number {
    return this.#doneBytes + this.out.at + (this.#removed?.at ?? 0);
  }

  /** Call before each row is written: closes the part that is full. */
  row(): void {
    this.cutIfFull();
    if (this.#rows++ > 0) this.out.byte(COMMA);
  }

  get isAtStart(): boolean {
    return this.#rows === 0;
  }

  get untilFull(): number {
    return this.#limits.partBytes - this.out.at - (this.#removed?.at ?? 0);
  }

  wrote(rows: number): void {
    this.#rows += rows;
  }

  /** Call before each removed key, and write the key to what it returns. */
  removedRow(): ByteWriter {
    this.cutIfFull();
    const removed = (this.#removed ??= new ByteWriter(this.#limits.bytesMax, 'MAX_LIST_BYTES', '', 256));
    if (this.#removedRows++ > 0) removed.byte(COMMA);
    return removed;
  }

  cutIfFull(): void {
    if (this.untilFull > 0 || this.#rows + this.#removedRows === 0) return;
    this.#close(`,"part":${this.#done.length}}`);
    this.out.utf8(this.#head);
  }

  #close(tail: string): void {
    const { out } = this;
    out.byte(93);
    if (this.#hasRemoved) {
      out.ascii(',"removed":[');
      if (this.#removed) out.append(this.#removed.result());
      this.#removed?.reset();
      out.byte(93);
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

  /** Closes the last part. Call once, last. The buffers belong to the caller. Throws too_large. */
  finish(): Uint8Array<ArrayBuffer>[] {
    const before = this.#done.length;
    this.#close(before === 0 ? '}' : `,"part":${before},"last":true}`);
    if (this.out.u8.length <= SPARE_BYTES_MAX) spare = this.out.u8;
    return this.#done;
  }
}
