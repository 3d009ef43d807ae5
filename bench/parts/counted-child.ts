/**
 * The real program in a process of its own, with counters around what the main thread may do little
 * of: copies into shared memory, messages to workers, shared buffers made, writes to sockets.
 */
import { performance } from 'node:perf_hooks';
import { MessagePort } from 'node:worker_threads';
import { main } from '../../src/cli.js';
import { BulkSender, type BulkResponse, type Chunks } from '../../src/server/bulk.js';
import { answerParent } from './answer.js';

/** Since the process began. */
export interface MainCounts {
  /** Bytes that the main thread copied into shared memory. */
  readonly copiedBytes: number;
  /** To worker threads; each is answered by one. */
  readonly messages: number;
  /** Shared buffers that the main thread made. */
  readonly buffers: number;
  /** Pieces of large bodies that were handed to sockets. */
  readonly writes: number;
  /** Turns of the event loop; null where the runtime does not tell. */
  readonly turns: number | null;
}

const counts = { copiedBytes: 0, messages: 0, buffers: 0, writes: 0 };

const Shared = SharedArrayBuffer;
globalThis.SharedArrayBuffer = new Proxy(Shared, {
  construct: (target, args: [number]) => {
    counts.buffers++;
    return new target(...args);
  },
});

/** `make`: a method that counts and then does what it replaces. */
function replace<T extends object, K extends keyof T>(owner: T, name: K, make: (own: T[K]) => T[K]): void {
  owner[name] = make(owner[name]);
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
replace(
  typedArray,
  'set',
  (own) =>
    function (this: Uint8Array, source: ArrayLike<number>, at?: number): void {
      if (this.buffer instanceof Shared) counts.copiedBytes += source.length * this.BYTES_PER_ELEMENT;
      own.call(this, source, at);
    },
);
type Fill = (this: Buffer, ...args: readonly unknown[]) => Buffer;
replace(
  Buffer.prototype as { fill: Fill },
  'fill',
  (own): Fill =>
    function (this: Buffer, ...args) {
      const [, from = 0, to = this.length] = args as [unknown, number?, number?];
      if (this.buffer instanceof Shared) counts.copiedBytes += to - from;
      return own.apply(this, [...args]);
    },
);
replace(
  MessagePort.prototype,
  'postMessage',
  (own) =>
    function (this: MessagePort, ...args: Parameters<MessagePort['postMessage']>): void {
      counts.messages++;
      own.apply(this, args);
    } as typeof own,
);

/** The response as the bulk sender sees it, counting. */
function counting(res: BulkResponse): BulkResponse {
  return {
    tryEnd: (chunk, totalBytes) => {
      counts.writes++;
      return res.tryEnd(chunk, totalBytes);
    },
    getWriteOffset: () => res.getWriteOffset(),
    onWritable: (handler) => res.onWritable(handler),
    cork: (write) => res.cork(write),
  };
}
replace(
  BulkSender.prototype,
  'start',
  (own) =>
    function (this: BulkSender, res: BulkResponse, chunks: Chunks, total: number, done: () => void) {
      return own.call(this, counting(res), chunks, total, done);
    },
);

function turns(): number | null {
  const timing = performance.nodeTiming as { readonly uvMetricsInfo?: { readonly loopCount: number } };
  return timing.uvMetricsInfo?.loopCount ?? null;
}

answerParent({ counts: (): MainCounts => ({ ...counts, turns: turns() }) }, () =>
  process.kill(process.pid, 'SIGTERM'),
);

await main(process.argv.slice(2));
