/** What stands before the values of each row, in the kernel's memory. */
import {
  encodeKernel,
  FIELD_WORDS,
  FIELDS_AT,
  LABEL_BYTES_MAX,
  LABELS_AT,
  LABELS_BYTES,
} from './encode-kernel.js';
import { bug } from '../model/errors.js';

/** The kernel copies 32 bytes at a time. */
const STEP = 32;

export class KernelLabels {
  readonly #i32 = encodeKernel().i32;
  readonly #u8 = encodeKernel().u8;
  #at = LABELS_AT;

  /** For another body. */
  begin(): void {
    this.#at = LABELS_AT;
  }

  #put(word: number, label: Uint8Array): boolean {
    const next = this.#at + Math.ceil(label.length / STEP) * STEP;
    if (label.length > LABEL_BYTES_MAX || next > LABELS_AT + LABELS_BYTES - STEP) return false;
    for (let i = 0; i < label.length; i++) this.#u8[this.#at + i] = label[i]!;
    this.#i32[word] = this.#at;
    this.#i32[word + 1] = label.length;
    this.#at = next;
    return true;
  }

  /** Address and length go to parameters `word` and the next. Call before all fields. */
  put(word: number, label: Uint8Array): void {
    if (!this.#put(word, label)) bug('a row opens or closes with too many bytes');
  }

  /** A label that has no room makes the kernel hand back all cells of its field. */
  putField(i: number, label: Uint8Array): void {
    const word = FIELDS_AT / 4 + i * FIELD_WORDS + 4;
    if (!this.#put(word, label)) this.#i32[word + 1] = -1;
  }
}
