/** What the HTTP server and a source that takes pushes say to each other; daemon wires them. */
import type { BodyFormat } from './body.js';
import type { WeftError } from './errors.js';

/** What a request says of its body before the first byte of it. */
export interface PushHead {
  readonly format: BodyFormat;
  readonly isGzip: boolean;
  readonly contentType: string;
  /** Content-Length; null for a chunked body. */
  readonly contentLength: number | null;
  /** X-Snapshot-Ts, epoch ms; null without one. */
  readonly snapshotTsMs: number | null;
}

/** A body that is served now, or equals what is served. */
export interface PushReceipt {
  readonly outcome: 'ok' | 'identical';
  /** Of the table that the source serves. */
  readonly rows: number;
  readonly columns: number;
  readonly rejectedCells: number;
  readonly rejectedRows: number;
}

export interface PushEvents {
  /** There is room again after `write` returned false. */
  resume(): void;
  /** Exactly once, never within `open`; anything but a WeftError is a defect. */
  settled(end: PushReceipt | WeftError | Error): void;
}

/** One body on its way in. After `settled` or `abort` it ignores everything. */
export interface Upload {
  /** No push takes longer: to be received, parsed and published. */
  readonly answerWithinMs: number;
  /** `chunk` is valid during the call only. False: wait for `resume`; what comes before is still taken. */
  write(chunk: Uint8Array): boolean;
  /** The body was whole. */
  end(): void;
  /** The client left. A body that was whole is published all the same. */
  abort(): void;
}

/** One source that takes pushes. */
export interface PushDoor {
  /** Begins a push. Throws WeftError (conflict, too_large, overloaded) before any byte is read. */
  open(head: PushHead, events: PushEvents): Upload;
}

/** All sources, as the server sees them. */
export interface PushDesk {
  /** Throws WeftError not_found for an unknown source and for one that takes no pushes. */
  find(sourceId: string): PushDoor;
}
