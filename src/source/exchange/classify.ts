/** From what a socket, a resolver or the HTTP client throws to an outcome and a sentence. */

import { explain, type SystemFailure } from './secure-failures.js';
import { DeliveryError, type Outcome } from '../../model/outcome.js';

export interface Failure {
  readonly outcome: Outcome;
  readonly message: string;
}

const DNS_CODES = new Set(['ENOTFOUND', 'ENODATA', 'ESERVFAIL', 'EREFUSED', 'ETIMEOUT']);

/**
 * `answered`: whether the head of a response had arrived, so that what follows is a body cut short
 * and not a failed connection. `hangUpHint` is added where
 * the server hung up without a word.
 */
export function classify(error: unknown, answered: boolean, hangUpHint = ''): Failure {
  if (error instanceof DeliveryError) return { outcome: error.outcome, message: error.message };
  const cause = firstCause(error);
  const { code, message } = cause;
  if (code.startsWith('EAI_') || DNS_CODES.has(code)) {
    return { outcome: 'dns', message: `the host name does not resolve: ${message}` };
  }
  if (code === 'UND_ERR_HEADERS_OVERFLOW') {
    return { outcome: 'too_large', message: 'the response headers exceed 16 KiB' };
  }
  if (error instanceof RangeError) {
    return { outcome: 'too_large', message: `no memory for the body (${message}); lower MAX_BODY_BYTES` };
  }
  if (answered) return { outcome: 'truncated', message: `the body was cut short: ${message}` };
  const known = explain(cause);
  if (known !== undefined) return { outcome: 'connect', message: known };
  return { outcome: 'connect', message: isBrokenConnection(error) ? message + hangUpHint : message };
}

/**
 * True when the connection broke before a byte of an answer: on a kept-alive connection that is how
 * a server's idle timeout looks when it crosses with the next request.
 */
export function isBrokenConnection(error: unknown): boolean {
  const { code } = firstCause(error);
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

/** Trying IPv6 and IPv4 fails with one AggregateError whose own message is empty. */
function firstCause(error: unknown): SystemFailure {
  if (error instanceof AggregateError && error.errors.length > 0) return firstCause(error.errors[0]);
  if (!(error instanceof Error)) return { code: '', message: String(error), socketPath: '' };
  const { code = '', address = '' } = error as NodeJS.ErrnoException & { readonly address?: string };
  const socketPath = address.startsWith('/') ? address : '';
  return { code, message: error.message || code || error.name, socketPath };
}
