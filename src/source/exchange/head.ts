/** The head of a response: only what a poller acts on. */

import { saneEpochMs } from '../../model/epoch.js';

export interface ResponseHead {
  readonly status: number;
  /** One char per byte (latin1), quotes and all: it goes back exactly so. Null when none or several. */
  readonly etag: string | null;
  readonly contentType: string | null;
  /** The codings of all Content-Encoding fields in order, lower case, without `identity`. */
  readonly codings: readonly string[];
  readonly contentLength: number | null;
  readonly snapshotTsMs: number | null;
  readonly dateMs: number | null;
  /** What a recording keeps: see KEPT_HEADERS. */
  readonly kept: Readonly<Record<string, string>>;
  /** Location, for the message that says why it is not followed. */
  readonly location: string | null;
}

/** `rawHeaders` as undici hands them out: name, value, name, value, … */
export function readHead(status: number, rawHeaders: unknown): ResponseHead {
  const fields = collect(rawHeaders);
  const only = (name: string): string | null => {
    const values = fields.get(name);
    return values?.length === 1 ? values[0]! : null;
  };
  const length = only('content-length');
  const date = Date.parse(only('date') ?? '');
  return {
    status,
    etag: only('etag') || null,
    contentType: fields.get('content-type')?.[0] || null,
    codings: splitCodings(fields.get('content-encoding') ?? []),
    contentLength: length !== null && /^[0-9]+$/.test(length) ? Number(length) : null,
    snapshotTsMs: saneEpochMs(only('x-snapshot-ts')),
    dateMs: Number.isNaN(date) ? null : date,
    kept: keep(fields),
    location: only('location'),
  };
}

/** They say something of the body and its time, and are nobody's secret. */
const KEPT_HEADERS = [
  ...['content-type', 'content-encoding', 'content-length', 'date'],
  ...['etag', 'last-modified', 'retry-after', 'x-snapshot-ts'],
];
const KEPT_LENGTH_MAX = 256;

function keep(fields: ReadonlyMap<string, readonly string[]>): Readonly<Record<string, string>> {
  const kept = KEPT_HEADERS.filter((name) => fields.has(name));
  return Object.fromEntries(
    kept.map((name) => [name, fields.get(name)!.join(', ').slice(0, KEPT_LENGTH_MAX)]),
  );
}

/**
 * The upstream's clock minus ours; null when the response says no time. Date is the time of the
 * answer (whole seconds); X-Snapshot-Ts, the time of the sample, makes an old sample look like skew.
 */
export function skewOf(head: ResponseHead, nowMs: number): number | null {
  const theirsMs = head.dateMs ?? head.snapshotTsMs;
  return theirsMs === null ? null : theirsMs - nowMs;
}

function collect(rawHeaders: unknown): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  if (!Array.isArray(rawHeaders)) return fields;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = textOf(rawHeaders[i]).toLowerCase();
    const value = textOf(rawHeaders[i + 1]);
    const values = fields.get(name);
    if (values) values.push(value);
    else fields.set(name, [value]);
  }
  return fields;
}

function textOf(bytes: unknown): string {
  return Buffer.isBuffer(bytes) ? bytes.toString('latin1') : String(bytes);
}

function splitCodings(values: readonly string[]): string[] {
  const codings = values.flatMap((value) => value.split(',')).map((coding) => coding.trim().toLowerCase());
  return codings.filter((coding) => coding !== '' && coding !== 'identity');
}
