/** Refusals as bytes: one flat JSON shape, or the words of an earlier system. */
import type { Dialect } from '../config/config.js';
import { WeftError } from '../model/errors.js';
import type { Refused } from './guards/guard.js';
import { headerLines } from './header-block.js';

/** `text`: a client that asked for the bare value. */
export type ErrorStyle = 'json' | 'text' | Dialect;

export interface ErrorReply {
  readonly status: number;
  /** Content-Type, Cache-Control and what else is fixed; then what this refusal adds. */
  readonly heads: readonly Uint8Array[];
  readonly body: Uint8Array;
}

const FIXED = { 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' };
const JSON_HEAD = headerLines({ 'Content-Type': 'application/json', ...FIXED });
const TEXT_HEAD = headerLines({ 'Content-Type': 'text/plain; charset=utf-8', ...FIXED });
const HTML_HEAD = headerLines({ 'Content-Type': 'text/html; charset=utf-8', ...FIXED });

const encoder = new TextEncoder();

/** Codes that clients see under one name. */
const WIRE_NAMES: Readonly<Record<string, string>> = {
  uri_too_long: 'too_large',
  headers_too_large: 'too_large',
};

/** A refusal in the words of an earlier system: its status and its `detail`, text or list. */
export class DialectError extends WeftError {
  readonly dialectStatus: number;
  readonly detail: unknown;

  constructor(cause: WeftError, status: number, detail: unknown) {
    super(cause.code, cause.message, cause.retryAfterS);
    this.name = 'DialectError';
    this.dialectStatus = status;
    this.detail = detail;
  }
}

/** What is told of an error: a WeftError as it is, anything else only as `internal`. */
export function refusalOf(error: unknown): Refused & { readonly detail?: unknown } {
  if (!(error instanceof WeftError)) {
    return {
      allow: false,
      status: 500,
      error: 'internal',
      message: 'cannot answer: an internal error, logged under this request_id',
    };
  }
  const { code, message, retryAfterS } = error;
  const wire = WIRE_NAMES[code] ?? code;
  const retry = retryAfterS === undefined ? {} : { retryAfterS };
  if (error instanceof DialectError) {
    return {
      allow: false,
      status: error.dialectStatus,
      error: wire,
      message,
      ...retry,
      detail: error.detail,
    };
  }
  return { allow: false, status: error.status, error: wire, message, ...retry };
}

/** The texts of the plain dialect: it knows four. */
function plainText(error: string): readonly [number, string] | undefined {
  switch (error) {
    case 'missing_parameter':
      return [400, 'missing arguments'];
    case 'duplicate_parameter':
      return [400, 'duplicate arguments'];
    case 'contradictory_parameter':
    case 'unknown_parameter':
    case 'bad_value':
    case 'bad_encoding':
    case 'out_of_range':
    case 'unknown_switch':
    case 'unknown_metric':
      return [400, 'illegal or unknown arguments'];
    case 'no_data':
    case 'stale':
    case 'internal':
      return [500, 'internal server error'];
    default:
      return undefined;
  }
}

export function errorReply(
  refused: Refused & { readonly detail?: unknown },
  style: ErrorStyle,
  requestId: string,
): ErrorReply {
  const { status, error, message, retryAfterS, headers } = refused;
  const added: Uint8Array[] = [];
  if (retryAfterS !== undefined) added.push(headerLines({ 'Retry-After': String(retryAfterS) }));
  if (headers !== undefined) added.push(headerLines(headers));
  if (style === 'plain') {
    const [code, text] = plainText(error) ?? [status, message];
    return { status: code, heads: [HTML_HEAD, ...added], body: encoder.encode(text) };
  }
  if (style === 'text') return { status, heads: [TEXT_HEAD, ...added], body: encoder.encode(message) };
  const body = { detail: refused.detail ?? message, error, message, request_id: requestId };
  return { status, heads: [JSON_HEAD, ...added], body: encoder.encode(JSON.stringify(body)) };
}
