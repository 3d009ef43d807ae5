/**
 * What a reader thread and main say to each other over one message port. A reader answers point reads
 * by itself; everything else it hands on: the request as the library gave it, and back what main's own
 * server does with the response. WebSockets it accepts by itself, and hands on what they say. Ids name
 * requests and sockets of one thread.
 */
import type { LogFields, LogLevel } from '../../model/log.js';
import type { StatsDelta } from '../../stats/stats.js';
import type { StreamClient } from '../upgrades.js';

/** A request as the library gave it: nothing is read out of it in the reader. */
export interface AskedRequest {
  readonly id: number;
  readonly method: string;
  readonly url: string;
  readonly query: string | undefined;
  /** Names and values in turn, as they came. */
  readonly headers: readonly string[];
  readonly remote: ArrayBuffer;
}

/** From a reader to main. */
export type ToMain =
  | { readonly kind: 'ask'; readonly request: AskedRequest }
  /** Of a request's body. */
  | { readonly kind: 'chunk'; readonly id: number; readonly bytes: ArrayBuffer; readonly isLast: boolean }
  /** A slice of a large body was handed to the socket. */
  | { readonly kind: 'sliceTaken'; readonly id: number }
  /** The client left before it was answered. */
  | { readonly kind: 'gone'; readonly id: number }
  | { readonly kind: 'socketOpen'; readonly id: number; readonly client: StreamClient }
  | {
      readonly kind: 'socketMessage';
      readonly id: number;
      readonly data: ArrayBuffer;
      readonly isBinary: boolean;
    }
  /** How many of the bytes sent do not wait in the reader any more. */
  | { readonly kind: 'socketTaken'; readonly id: number; readonly bytes: number }
  | {
      readonly kind: 'socketClosed';
      readonly id: number;
      readonly code: number;
      readonly reason: ArrayBuffer;
    }
  | {
      readonly kind: 'log';
      readonly level: Exclude<LogLevel, 'silent'>;
      readonly event: string;
      readonly fields: LogFields;
      readonly message: string | undefined;
    }
  /** `order`: of the collect that it answers, 0 for none. */
  | { readonly kind: 'stats'; readonly order: number; readonly delta: StatsDelta | null }
  | { readonly kind: 'listening' }
  | { readonly kind: 'cannotListen'; readonly message: string };

/** How a response begins. `body` may be all of it; `totalBytes` -1: there is none. */
export interface ResponseHead {
  readonly id: number;
  readonly status: Uint8Array | null;
  readonly headers: readonly Uint8Array[];
  readonly body: Uint8Array | null;
  readonly totalBytes: number;
  readonly closes: boolean;
}

/** From main to a reader. */
export type ToReader =
  | { readonly kind: 'head'; readonly head: ResponseHead }
  /** The next bytes of a large body. */
  | { readonly kind: 'slice'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'cut'; readonly id: number }
  | { readonly kind: 'pause'; readonly id: number }
  | { readonly kind: 'resume'; readonly id: number }
  /** So many bytes of a request's body have been looked at. */
  | { readonly kind: 'chunkTaken'; readonly id: number; readonly bytes: number }
  | {
      readonly kind: 'socketSend';
      readonly id: number;
      readonly data: string | Uint8Array;
      readonly isBinary: boolean;
    }
  | { readonly kind: 'socketEnd'; readonly id: number; readonly code: number; readonly reason: string }
  | { readonly kind: 'collect'; readonly order: number }
  /** Graceful: as RunningServer.drain. */
  | { readonly kind: 'drain'; readonly deadlineMs: number }
  /** The process ends now. */
  | { readonly kind: 'close' };

/** One end of the port. */
export interface MessageEnd<Sent> {
  postMessage(message: Sent, transfer?: readonly ArrayBuffer[]): void;
}
