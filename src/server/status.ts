/** Status lines that weft sends, as bytes. */
import { bug } from '../model/errors.js';

const REASONS: Readonly<Record<number, string>> = {
  101: 'Switching Protocols',
  200: 'OK',
  202: 'Accepted',
  204: 'No Content',
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

const encoder = new TextEncoder();
const LINES = new Map<number, Uint8Array>(
  Object.entries(REASONS).map(([code, reason]) => [Number(code), encoder.encode(`${code} ${reason}`)]),
);

export function statusLine(status: number): Uint8Array {
  return LINES.get(status) ?? bug(`no reason phrase for status ${status}`);
}
