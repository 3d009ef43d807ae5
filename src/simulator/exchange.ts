/** One request and its answer: headers, bodies with backpressure, and the access log line. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../model/clock.js';
import { SLICE_BYTES } from './faults.js';
import type { SimulatorLog } from './log.js';

export class Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Added to the access log line. */
  readonly facts: Record<string, unknown> = {};
  readonly #gone = new AbortController();
  #bytesSent = 0;

  constructor(req: IncomingMessage, res: ServerResponse, clock: Clock, log: SimulatorLog) {
    const target = req.url ?? '/';
    const mark = target.indexOf('?');
    this.req = req;
    this.res = res;
    this.path = mark < 0 ? target : target.slice(0, mark);
    this.query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
    const startedMs = clock.monotonicMs();
    res.once('close', () => {
      this.#gone.abort();
      log.event('info', 'http.access', {
        method: req.method,
        path: this.path,
        status: res.statusCode,
        latency_ms: Math.round((clock.monotonicMs() - startedMs) * 1000) / 1000,
        bytes_sent: this.#bytesSent,
        ...this.facts,
      });
    });
  }

  /** Aborts when the answer is complete or its connection is gone. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  get headOnly(): boolean {
    return this.req.method === 'HEAD';
  }

  json(status: number, body: unknown): void {
    this.text(status, 'application/json', JSON.stringify(body));
  }

  /** A short body, sent whole. */
  text(status: number, contentType: string, body: string): void {
    const { res } = this;
    const bytes = Buffer.from(body);
    res.statusCode = status;
    res.setHeader('Content-Type', contentType);
    res.setHeader('Content-Length', bytes.length);
    if (!this.headOnly) this.#bytesSent += bytes.length;
    res.end(this.headOnly ? undefined : bytes);
  }

  /** 204, 304 and the like. */
  bodiless(status: number): void {
    this.res.statusCode = status;
    this.res.end();
  }

  /** Sends slices as the client takes them: never more than one is under way. False when it left. */
  async write(slices: Iterable<Uint8Array>): Promise<boolean> {
    for (const slice of slices) {
      if (this.gone.aborted) return false;
      this.#bytesSent += slice.length;
      if (!this.res.write(slice)) await this.#drained();
    }
    return !this.gone.aborted;
  }

  /** As `write`, but waits until the operating system has it all: the socket can be ended by force then. */
  async writeThrough(bytes: Uint8Array): Promise<void> {
    for (const slice of slicesOf(bytes)) {
      if (this.gone.aborted) return;
      this.#bytesSent += slice.length;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.res.off('close', done);
          resolve();
        };
        this.res.on('close', done);
        this.res.write(slice, done);
      });
    }
  }

  #drained(): Promise<void> {
    const { res } = this;
    return new Promise((resolve) => {
      const done = (): void => {
        res.off('drain', done);
        res.off('close', done);
        resolve();
      };
      res.on('drain', done);
      res.on('close', done);
    });
  }
}

/** Views of `bytes`, none longer than a slice. */
export function* slicesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += SLICE_BYTES) yield bytes.subarray(from, from + SLICE_BYTES);
}
