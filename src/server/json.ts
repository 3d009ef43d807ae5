/** Small answers that are not made from a snapshot. */
import { QueryParams } from '../query/params.js';
import { OWN_RULES } from './dialects.js';
import type { Exchange } from './exchange.js';
import { headerLines } from './header-block.js';

const FIXED = { 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' };
const JSON_HEAD = headerLines({ 'Content-Type': 'application/json', ...FIXED });

const encoder = new TextEncoder();

/** Header lines of a small answer of this media type. */
export function smallHead(contentType: string): Uint8Array {
  return headerLines({ 'Content-Type': contentType, ...FIXED });
}

export function replyJson(exchange: Exchange, status: number, value: unknown): void {
  exchange.headers().append(JSON_HEAD);
  exchange.reply(status, encoder.encode(JSON.stringify(value)));
}

/** `head` as smallHead made it. */
export function replyText(exchange: Exchange, head: Uint8Array, text: string): void {
  exchange.headers().append(head);
  exchange.reply(200, encoder.encode(text));
}

/** Throws unknown_parameter for anything but `dialect`, which every route takes. */
export function requireNoParameters(exchange: Exchange): void {
  if (exchange.query === '') return;
  new QueryParams(exchange.query, { names: OWN_RULES.extra, ignoreUnknown: false });
}
