/**
 * One request and its answer: all that routes see of the library. It is answered exactly once,
 * also when the handler throws, rejects or takes too long; what comes after the answer, or after
 * the client left, is ignored.
 *
 * To answer: `headers()`, append what is needed, then one of the reply methods, without waiting in
 * between (all exchanges share one header block).
 */
import type { Timer } from '../model/clock.js';
import { WeftError } from '../model/errors.js';
import { isLogged, logAccess, logDefect } from './access-log.js';
import { byteLengthOf, type Chunks, type Download } from './bulk.js';
import type { ServerCore } from './core.js';
import { errorReply, refusalOf, type ErrorStyle } from './errors.js';
import type { GuardFacts, Refused } from './guards/guard.js';
import { REQUEST_ID_NAME, type HeaderBlock } from './header-block.js';
import { CONNECTION_CLOSE, CONTENT_LENGTH } from './header-names.js';
import { RequestFacts, type Target, type Transport } from './request-facts.js';
import { RequestBody } from './request-body.js';
import { clientRequestId } from './request-ids.js';
import { statusLine } from './status.js';
import type { UwsResponse, UwsSocketContext } from './uws.js';

/** Bodies up to here are handed over whole: with their headers they fit the library's buffer. */
const WHOLE_BODY_BYTES_MAX = 4 * 1024;

const decoder = new TextDecoder();

export class Exchange extends RequestFacts implements GuardFacts {
  /** In whose words errors are told. Routes change it as soon as they know better. */
  errorStyle: ErrorStyle;

  readonly #core: ServerCore;
  readonly #res: UwsResponse;
  readonly #clientId: string | undefined;
  readonly #ownId: number;
  /** The library corks while its handler runs; later answers cork themselves. */
  #inHandler = true;
  #held = false;
  #body: RequestBody | null = null;
  #headSent = false;
  #done = false;
  #closes: boolean;
  #deadline: Timer | null = null;
  #download: Download | null = null;

  /** `core.head` has been read from the request, and `query` is its raw query. */
  constructor(
    core: ServerCore,
    res: UwsResponse,
    query: string,
    target: Target,
    startMs: number,
    transport: Transport = 'http',
  ) {
    super(core.head, query, target, transport, startMs);
    this.#core = core;
    this.#res = res;
    this.errorStyle = target.errorStyle;
    this.#clientId = clientRequestId(core.head.requestId);
    this.#ownId = this.#clientId === undefined ? core.requestIds.next() : 0;
    this.#closes = core.draining;
  }

  get requestId(): string {
    return this.#clientId ?? this.#core.requestIds.text(this.#ownId);
  }

  /** The answer has begun, or is not wanted any more. */
  get answering(): boolean {
    return this.#headSent || this.#done;
  }

  /** Answered, or left by the client. */
  get done(): boolean {
    return this.#done;
  }

  remoteAddress(): string {
    return this.#done ? '' : decoder.decode(this.#res.getRemoteAddressAsText());
  }

  /** The handler's call is over: an exchange without an answer is kept until it has one. */
  leaveHandler(): void {
    this.#inHandler = false;
    if (!this.#done) this.#hold();
  }

  /**
   * Refuses a request that may hide another one, and closes. The answer must come in a later turn:
   * then the library drops the connection as soon as the hidden request shows, instead of running it.
   */
  refuseFraming(error: WeftError): void {
    this.#closes = true;
    setImmediate(() => {
      if (this.#done) return;
      // The library closes behind bodies only.
      if (this.isHead) this.#res.close();
      else this.fail(error);
    });
  }

  /** Of a request that has one and whose handler reads it. */
  get body(): RequestBody {
    return (this.#body ??= new RequestBody(this.#res, this));
  }

  // The library ends the process when a handler returns with neither an answer nor this.
  #hold(): void {
    if (this.#held) return;
    this.#held = true;
    this.#core.inFlight.began();
    this.#res.onAborted(() => this.#abort());
    if (this.#headSent) return;
    const deadlineMs = this.#body?.deadlineMs ?? this.#core.deadlineMs;
    this.#deadline = this.#core.clock.schedule(deadlineMs, () =>
      this.fail(new WeftError('deadline', `cannot answer within ${deadlineMs} ms`)),
    );
  }

  #abort(): void {
    if (this.#done) return;
    this.#download?.abort();
    this.#core.stats.counters.add('requests_aborted');
    this.#body?.onGone?.();
    this.#end(0, 0);
  }

  /** Begins the headers of the answer; X-Request-Id is in them. */
  headers(): HeaderBlock {
    if (this.#body?.closes === true) this.#closes = true;
    const { block } = this.#core;
    block.begin();
    if (this.#clientId === undefined) this.#core.requestIds.write(block, this.#ownId);
    else block.text(this.#clientId);
    if (this.added !== null) for (const lines of this.added) block.append(lines);
    return block;
  }

  /** Answers with the headers begun and a small body. `body` is copied before this returns. */
  reply(status: number, body: Uint8Array): void {
    if (this.#done) return;
    if (this.isHead) return this.replyEmpty(status, body.length);
    if (body.length > WHOLE_BODY_BYTES_MAX) return this.replyChunks(status, [body.slice()]);
    if (this.#inHandler) this.#writeWhole(status, body);
    else this.#res.cork(() => this.#writeWhole(status, body));
  }

  // Not end(): for a client that sends requests and reads no answers that grows without bound.
  #writeWhole(status: number, body: Uint8Array): void {
    this.#writeHead(status);
    if (this.#closes || body.length === 0) this.#res.end(body, this.#closes);
    else if (!this.#res.tryEnd(body, body.length)[1]) {
      this.#download = this.#core.bulk.resume(this.#res, body, () => this.#end(status, body.length));
      return;
    }
    this.#end(status, body.length);
  }

  /** Answers without a body; `contentLength` is what GET would have sent, where that is told. */
  replyEmpty(status: number, contentLength?: number): void {
    if (this.#done) return;
    const block = this.#core.block;
    if (contentLength !== undefined) {
      block.append(CONTENT_LENGTH);
      block.uint(contentLength);
    }
    if (this.#closes) block.append(CONNECTION_CLOSE);
    const write = (): void => {
      this.#writeHead(status);
      this.#res.endWithoutBody();
      this.#end(status, 0);
    };
    if (this.#inHandler) write();
    else this.#res.cork(write);
  }

  /**
   * Answers with a body of any size, sent as fast as the client takes it; the chunks must not change.
   * Throws overloaded when too many bytes are under way; errors, and what tells why, go out all the same.
   */
  replyChunks(status: number, chunks: Chunks): void {
    if (this.#done) return;
    const totalBytes = byteLengthOf(chunks);
    if (this.isHead) return this.replyEmpty(status, totalBytes);
    if (totalBytes <= WHOLE_BODY_BYTES_MAX) return this.reply(status, Buffer.concat(chunks));
    const { bulk, block } = this.#core;
    if (status < 400 && this.cost !== 'exempt' && !bulk.admits(totalBytes, this.isImportant)) {
      const limit = `${bulk.bytesMax} bytes of answers are under way (IN_FLIGHT_BYTES_MAX)`;
      throw new WeftError('overloaded', `cannot send ${totalBytes} bytes now: ${limit}`, 1);
    }
    if (this.#closes) block.append(CONNECTION_CLOSE);
    const write = (): void => {
      this.#writeHead(status);
      this.#download = bulk.start(this.#res, chunks, totalBytes, () => this.#end(status, totalBytes));
    };
    if (this.#inHandler) write();
    else this.#res.cork(write);
  }

  #writeHead(status: number): void {
    this.#headSent = true;
    this.#deadline?.cancel();
    if (status !== 200) this.#res.writeStatus(statusLine(status));
    this.#res.writeHeader(REQUEST_ID_NAME, this.#core.block.view());
  }

  /** Answers with an error. Anything but a WeftError is logged and told as `internal`. */
  fail(error: unknown): void {
    if (!(error instanceof WeftError)) logDefect(this.#core, this, this.requestId, error);
    if (this.#done) return;
    if (this.#headSent) this.#res.close();
    else this.refuse(refusalOf(error));
  }

  refuse(refused: Refused & { readonly detail?: unknown }): void {
    if (this.#done) return;
    if (refused.error === 'overloaded') this.#core.stats.counters.add('requests_overloaded');
    const { status, heads, body } = errorReply(refused, this.errorStyle, this.requestId);
    const block = this.headers();
    for (const head of heads) block.append(head);
    this.reply(status, body);
  }

  /** Answers 101: the connection is a WebSocket from now on, and `userData` its companion. */
  upgrade<T>(userData: T, key: string, context: UwsSocketContext): void {
    this.headers();
    this.#writeHead(101);
    // No extensions (compression would run on this thread, for each subscriber), no subprotocol.
    this.#res.upgrade(userData, key, '', '', context);
    this.#end(101, 0);
  }

  /** `status` 0: the client left first. */
  #end(status: number, bytes: number): void {
    this.#done = true;
    const { clock, inFlight, stats } = this.#core;
    if (this.#held) {
      this.#deadline?.cancel();
      inFlight.ended();
    }
    const elapsedMs = clock.monotonicMs() - this.startMs;
    if (status !== 0) {
      this.target.endpoint.latency.record(elapsedMs * 1000);
      stats.response(status);
    }
    if (isLogged(this.#core, status))
      logAccess(this.#core, this, this.requestId, { status, bytes, elapsedMs });
  }
}
