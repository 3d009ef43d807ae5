/**
 * What a reader does not answer by itself goes to main, and main's answer to the client. The request is
 * handed on unread: main's server decides about it as about its own.
 */
import type { InFlight } from '../in-flight.js';
import type { AskedRequest, MessageEnd, ResponseHead, ToMain, ToReader } from '../relay/messages.js';
import type { UwsRequest, UwsResponse } from '../uws.js';
import { SlicedBody } from './sliced-body.js';

/** Bytes of a request's body that main has not looked at; past it the client waits. */
const UNREAD_BYTES_MAX = 1024 * 1024;

interface Pending {
  readonly res: UwsResponse;
  body: SlicedBody | null;
  unreadBytes: number;
  /** Main's source wants a pause. */
  wantsPause: boolean;
  isPaused: boolean;
}

export interface ForwarderDeps {
  readonly end: MessageEnd<ToMain>;
  readonly inFlight: InFlight;
}

export class Forwarder {
  readonly #deps: ForwarderDeps;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(deps: ForwarderDeps) {
    this.#deps = deps;
  }

  /** Within the library's call. */
  http(res: UwsResponse, req: UwsRequest): void {
    const id = this.#ask(res, req);
    // Without it the library throws the body away; main caps it, or refuses the request.
    if (req.getCaseSensitiveMethod() === 'POST') {
      res.onData((chunk, isLast) => this.#chunk(id, chunk, isLast));
    }
  }

  #ask(res: UwsResponse, req: UwsRequest): number {
    const id = ++this.#lastId;
    const headers: string[] = [];
    req.forEach((name, value) => headers.push(name, value));
    const request: AskedRequest = {
      id,
      method: req.getCaseSensitiveMethod(),
      url: req.getUrl(),
      query: req.getQuery(),
      headers,
      remote: res.getRemoteAddressAsText().slice(0),
    };
    const fresh = { res, body: null, unreadBytes: 0, wantsPause: false, isPaused: false };
    this.#pending.set(id, fresh);
    this.#deps.inFlight.began();
    res.onAborted(() => {
      if (this.#over(id)) this.#deps.end.postMessage({ kind: 'gone', id });
    });
    this.#deps.end.postMessage({ kind: 'ask', request });
    return id;
  }

  #over(id: number): boolean {
    if (!this.#pending.delete(id)) return false;
    this.#deps.inFlight.ended();
    return true;
  }

  #chunk(id: number, chunk: ArrayBuffer, isLast: boolean): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    const bytes = chunk.slice(0);
    pending.unreadBytes += bytes.byteLength;
    this.#deps.end.postMessage({ kind: 'chunk', id, bytes, isLast }, [bytes]);
    if (!isLast) this.#pace(pending);
  }

  #pace(pending: Pending): void {
    const pauses = pending.wantsPause || pending.unreadBytes > UNREAD_BYTES_MAX;
    if (pauses === pending.isPaused) return;
    pending.isPaused = pauses;
    if (pauses) pending.res.pause();
    else pending.res.resume();
  }

  /** What main says of a request; one that is over is not concerned. */
  take(
    message: Extract<ToReader, { readonly kind: 'slice' | 'cut' | 'pause' | 'resume' | 'chunkTaken' }>,
  ): void {
    const { id } = message;
    const pending = this.#pending.get(id);
    if (!pending) return;
    switch (message.kind) {
      case 'slice':
        return pending.body?.add(message.bytes);
      case 'cut':
        this.#over(id);
        pending.res.close();
        return;
      case 'chunkTaken':
        pending.unreadBytes -= message.bytes;
        return this.#pace(pending);
      default:
        pending.wantsPause = message.kind === 'pause';
        return this.#pace(pending);
    }
  }

  head(head: ResponseHead): void {
    const pending = this.#pending.get(head.id);
    if (pending) pending.res.cork(() => this.#begin(pending, head));
  }

  #begin(pending: Pending, head: ResponseHead): void {
    const { id, body, totalBytes, closes } = head;
    const { res } = pending;
    writeHead(res, head);
    if (totalBytes < 0) {
      res.endWithoutBody();
      this.#over(id);
    } else if (body !== null && (closes || body.length === 0)) {
      res.end(body, closes);
      this.#over(id);
    } else {
      pending.body = new SlicedBody(res, totalBytes, {
        taken: () => this.#deps.end.postMessage({ kind: 'sliceTaken', id }),
        finished: () => this.#over(id),
      });
      if (body !== null) pending.body.add(body);
    }
  }
}

function writeHead(res: UwsResponse, { status, headers }: ResponseHead): void {
  if (status !== null) res.writeStatus(status);
  for (let i = 0; i < headers.length; i += 2) res.writeHeader(headers[i]!, headers[i + 1]!);
}
