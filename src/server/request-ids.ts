/** Names of exchanges: the client's own where it is harmless, else a fresh one. */
import { makeBootNonce, REQUEST_ID } from '../model/ids.js';
import type { Random } from '../model/clock.js';
import type { HeaderBlock } from './header-block.js';

const encoder = new TextEncoder();

/** Unique among the boots of weft (a nonce) and within this one (a counter). */
export class RequestIds {
  readonly #prefix: string;
  readonly #prefixBytes: Uint8Array;
  #count = 0;

  constructor(random: Random) {
    this.#prefix = `${makeBootNonce(random)}-`;
    this.#prefixBytes = encoder.encode(this.#prefix);
  }

  /** A number for the next exchange; text is made of it only where somebody reads it. */
  next(): number {
    return this.#count++;
  }

  text(id: number): string {
    return this.#prefix + id.toString(36);
  }

  write(block: HeaderBlock, id: number): void {
    block.append(this.#prefixBytes);
    block.base36(id);
  }
}

/** The client's X-Request-Id, or undefined when it sent none that may be sent back. */
export function clientRequestId(header: string): string | undefined {
  return header !== '' && REQUEST_ID.test(header) ? header : undefined;
}
