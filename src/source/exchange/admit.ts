/** What is refused by the head of a response alone, and the two caps on its body. */

import { isNdjson } from '../../model/body.js';
import { DeliveryError } from '../../model/outcome.js';
import type { ResponseHead } from './head.js';

export type Coding = 'identity' | 'gzip';

/** Lets a 200 with a textual body through and tells its coding. Throws DeliveryError for the rest. */
export function admit(head: ResponseHead, bodyBytesMax: number): Coding {
  const { status, contentType, contentLength } = head;
  if (status >= 300 && status < 400) {
    const to = head.location === null ? '' : ` to '${head.location.slice(0, 200)}'`;
    throw new DeliveryError('redirect', `status ${status}${to}; redirects are never followed`, true);
  }
  if (status !== 200) throw new DeliveryError('status', `status ${status}`, true);
  if (!isTextual(contentType)) {
    const shown = contentType?.slice(0, 100);
    throw new DeliveryError('content_type', `media type '${shown}' is neither CSV text nor NDJSON`, true);
  }
  if (contentLength !== null && contentLength > bodyBytesMax) {
    throw tooLargeOnWire(contentLength, bodyBytesMax);
  }
  return codingOf(head.codings);
}

/** `declared`: Content-Length where that alone was enough to refuse. */
export function tooLargeOnWire(declared: number | null, bodyBytesMax: number): DeliveryError {
  const size = declared === null ? 'the body' : `the body of ${declared} bytes`;
  const message = `${size} exceeds ${bodyBytesMax} bytes; raise MAX_BODY_BYTES (max_body_bytes)`;
  return new DeliveryError('too_large', message, true);
}

export function tooLargeDecoded(decodedBytesMax: number): DeliveryError {
  const knob = 'raise MAX_DECODED_BYTES (max_decoded_bytes)';
  return new DeliveryError('too_large', `the decoded body exceeds ${decodedBytesMax} bytes; ${knob}`, true);
}

/**
 * Whether a media type may be a CSV body. Telemetry servers are sloppy (text/plain,
 * application/octet-stream, nothing at all), but a login page or a JSON error is never data.
 */
function isTextual(contentType: string | null): boolean {
  const type = contentType?.split(';', 1)[0]!.trim().toLowerCase() ?? '';
  if (type === '' || type === 'application/octet-stream' || type === 'application/csv') return true;
  if (isNdjson(type)) return true;
  return type.startsWith('text/') && type !== 'text/html';
}

function codingOf(codings: readonly string[]): Coding {
  const [coding] = codings;
  if (coding === undefined) return 'identity';
  if (codings.length === 1 && (coding === 'gzip' || coding === 'x-gzip')) return 'gzip';
  const shown = codings.slice(0, 8).join(', ').slice(0, 100);
  throw new DeliveryError('encoding', `Content-Encoding '${shown}' is neither identity nor one gzip`, true);
}
