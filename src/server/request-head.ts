/**
 * What weft wants to know of a request's headers, taken in one pass: the library's getHeader shows
 * the first of several headers of one name only, and takes an empty one for an absent one, so that
 * it cannot tell a clean request from one that two servers would cut differently.
 */
import { WeftError } from '../model/errors.js';
import type { UwsRequest } from './uws.js';

/** Names and values together; the library itself caps blocks that come in several segments only. */
export const HEADER_BYTES_MAX = 8 * 1024;
/** Declared bodies beyond it close the connection instead of being read to their end. */
export const REQUEST_BODY_BYTES_MAX = 64 * 1024;

/** Why a request must not be answered like others: whoever sent it may mean two requests by it. */
export type FramingFault = 'ambiguous' | 'host' | 'headers_too_large' | 'body_too_large';

/** `0`, or digits that do not begin with one. */
const PLAIN_LENGTH = /^(?:0|[1-9][0-9]{0,15})$/;

/** One per server, used again for each request: read it before the handler returns. */
export class RequestHead {
  ifNoneMatch = '';
  accept = '';
  acceptEncoding = '';
  requestId = '';
  dialect = '';
  host = '';
  origin = '';
  authorization = '';
  forwardedFor = '';
  /** Of Access-Control-Request-Method. */
  requestedMethod = '';
  /** More than one Authorization header. */
  authorizationRepeated = false;
  /** The client closes after this exchange. */
  connectionClose = false;
  /** Declared length of the body; 0 without one. */
  bodyBytes = 0;
  /** The body comes in chunks, of no declared length. */
  chunked = false;
  contentType = '';
  contentEncoding = '';
  snapshotTs = '';
  /**
   * False when a header was there that may change how a GET is answered: a body, a condition, a dialect,
   * an id of the client's own, the end of the connection.
   */
  #plain = true;

  #hosts = 0;
  #lengths = 0;
  #authorizations = 0;
  #transferEncodings = 0;
  #ambiguous = false;
  #bytes = 0;
  readonly #visit = (name: string, value: string): void => this.#take(name, value);

  /** Reads all headers of `req`; what was read before is forgotten. */
  read(req: UwsRequest): void {
    this.ifNoneMatch = '';
    this.accept = '';
    this.acceptEncoding = '';
    this.requestId = '';
    this.dialect = '';
    this.host = '';
    this.origin = '';
    this.authorization = '';
    this.forwardedFor = '';
    this.requestedMethod = '';
    this.authorizationRepeated = false;
    this.connectionClose = false;
    this.bodyBytes = 0;
    this.chunked = false;
    this.contentType = '';
    this.contentEncoding = '';
    this.snapshotTs = '';
    this.#plain = true;
    this.#transferEncodings = 0;
    this.#hosts = 0;
    this.#lengths = 0;
    this.#authorizations = 0;
    this.#ambiguous = false;
    this.#bytes = 0;
    req.forEach(this.#visit);
  }

  // Lengths first: most names are told apart without comparing characters.
  #take(name: string, value: string): void {
    this.#bytes += name.length + value.length;
    switch (name.length) {
      case 4:
        if (name === 'host') {
          this.#hosts++;
          this.host = value;
        }
        return;
      case 6:
        if (name === 'accept') this.accept = joined(this.accept, value);
        else if (name === 'origin') this.origin = joined(this.origin, value);
        return;
      case 9:
        if (name === 'x-dialect') {
          this.dialect = joined(this.dialect, value);
          this.#plain = false;
        }
        return;
      case 10:
        if (name === 'connection' && value.length >= 5) this.#takeConnection(value);
        return;
      case 12:
        if (name === 'x-request-id') {
          this.requestId = joined(this.requestId, value);
          this.#plain = false;
        } else if (name === 'content-type') this.contentType = joined(this.contentType, value);
        return;
      case 13:
        if (name === 'if-none-match') {
          this.ifNoneMatch = joined(this.ifNoneMatch, value);
          this.#plain = false;
        } else if (name === 'authorization') this.#takeAuthorization(value);
        else if (name === 'x-snapshot-ts') this.snapshotTs = joined(this.snapshotTs, value);
        return;
      case 14:
        if (name === 'content-length') this.#takeLength(value);
        return;
      case 15:
        if (name === 'accept-encoding') this.acceptEncoding = joined(this.acceptEncoding, value);
        else if (name === 'x-forwarded-for') this.forwardedFor = joined(this.forwardedFor, value);
        return;
      case 16:
        if (name === 'content-encoding') this.contentEncoding = joined(this.contentEncoding, value);
        return;
      case 17:
        if (name === 'transfer-encoding') this.#takeTransferEncoding(value);
        return;
      case 29:
        if (name === 'access-control-request-method') this.requestedMethod = value;
        return;
      default:
        return;
    }
  }

  #takeConnection(value: string): void {
    if (value !== 'keep-alive' && /(?:^|,)\s*close\s*(?:,|$)/i.test(value)) {
      this.connectionClose = true;
      this.#plain = false;
    }
  }

  #takeAuthorization(value: string): void {
    this.authorizationRepeated = this.#authorizations++ > 0;
    this.authorization = value;
  }

  #takeLength(value: string): void {
    this.#plain = false;
    if (++this.#lengths > 1 || !PLAIN_LENGTH.test(value)) this.#ambiguous = true;
    else this.bodyBytes = Number(value);
  }

  // Any other value: the library takes each one but an empty one for `chunked`, too.
  #takeTransferEncoding(value: string): void {
    this.#plain = false;
    if (++this.#transferEncodings > 1 || value !== 'chunked') this.#ambiguous = true;
    else this.chunked = true;
  }

  /** Whether a body was announced at all, be it an empty one. */
  get framed(): boolean {
    return this.chunked || this.#lengths > 0;
  }

  /** A GET whose headers say nothing but where it goes: `fault('none')` would find nothing either. */
  get isPlain(): boolean {
    return this.#plain && this.#hosts === 1 && this.host !== '' && this.#bytes <= HEADER_BYTES_MAX;
  }

  /** `none`: the method has no use for a body (GET, HEAD). `streamed`: the route reads it, and caps it. */
  fault(body: 'none' | 'small' | 'streamed'): FramingFault | undefined {
    if (this.#ambiguous || (body === 'none' && this.bodyBytes > 0)) return 'ambiguous';
    if (this.chunked && (body !== 'streamed' || this.#lengths > 0)) return 'ambiguous';
    if (this.#hosts !== 1 || this.host === '') return 'host';
    if (this.#bytes > HEADER_BYTES_MAX) return 'headers_too_large';
    if (body !== 'streamed' && this.bodyBytes > REQUEST_BODY_BYTES_MAX) return 'body_too_large';
    return undefined;
  }
}

export function framingError(fault: FramingFault): WeftError {
  switch (fault) {
    case 'ambiguous':
      return new WeftError(
        'bad_request',
        'cannot tell where the request ends: send at most one Content-Length, no Transfer-Encoding ' +
          '(pushes alone may be chunked), and no body to GET or HEAD',
      );
    case 'host':
      return new WeftError('bad_request', 'cannot serve a request without exactly one Host');
    case 'headers_too_large':
      return new WeftError('headers_too_large', `cannot read more than ${HEADER_BYTES_MAX} bytes of headers`);
    case 'body_too_large':
      return new WeftError('too_large', `cannot take a body of more than ${REQUEST_BODY_BYTES_MAX} bytes`);
  }
}

/** Several headers of one name are one list (RFC 9110, section 5.3). */
function joined(before: string, value: string): string {
  return before === '' ? value : `${before}, ${value}`;
}
