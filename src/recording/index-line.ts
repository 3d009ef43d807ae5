/** One line of a recording's index: how one exchange with one upstream ended. NDJSON, UTF-8. */

import { OUTCOMES, type Outcome } from '../model/outcome.js';

export const INDEX_NAME = 'index.ndjson';
export const BODIES_NAME = 'bodies';
/** Longer lines are no lines of ours. */
export const LINE_LENGTH_MAX = 64 * 1024;

/** Names and units as they stand in the file. */
export interface IndexLine {
  /** Of this form of line: 1. */
  readonly format: number;
  readonly source: string;
  /** Without secrets. */
  readonly url: string;
  /** Epoch ms when the last byte was there, or when the exchange had failed. */
  readonly received_at_ms: number;
  readonly fetch_ms: number;
  readonly outcome: Outcome;
  readonly status: number | null;
  /** Why it failed, null when it did not. */
  readonly message: string | null;
  /** X-Snapshot-Ts. */
  readonly snapshot_ts_ms: number | null;
  readonly content_type: string | null;
  /** Some headers of the answer, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of the body, relative to the folder; null where none was kept. Two equal bodies share one. */
  readonly file: string | null;
  /** Decoded, as they were parsed. */
  readonly bytes: number | null;
  /** In the file. */
  readonly stored_bytes: number | null;
  /** Of the decoded bytes, in hex. */
  readonly sha256: string | null;
}

const FORMAT = 1;
const FILE = /^bodies\/[A-Za-z0-9_-][A-Za-z0-9._-]*$/;
const SHA256 = /^[0-9a-f]{64}$/;
const SOURCE = /^[A-Za-z0-9._-]{1,64}$/;

/** With its line break. */
export function formatLine(line: Omit<IndexLine, 'format'>): string {
  return `${JSON.stringify({ format: FORMAT, ...line })}\n`;
}

/** The line, or what is wrong with it as text. */
export function parseLine(text: string): IndexLine | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'it is not JSON: cut, or not written by weft record';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is no JSON object';
  const line = value as Partial<Record<keyof IndexLine, unknown>>;
  if (line.format !== FORMAT)
    return `its format is ${JSON.stringify(line.format)?.slice(0, 40)}, known: ${FORMAT}`;
  for (const [name, isFit] of Object.entries(FIELDS)) {
    if (!isFit(line[name as keyof typeof FIELDS])) return `its ${name} is missing or not of its form`;
  }
  const hasBody = line.file !== null;
  if (hasBody !== (line.sha256 !== null) || hasBody !== (line.bytes !== null)) {
    return 'it has a file without size and digest, or these without a file';
  }
  return line as unknown as IndexLine;
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const isSize: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const matching =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value);

const FIELDS: Readonly<Record<Exclude<keyof IndexLine, 'format'>, Check>> = {
  source: matching(SOURCE),
  url: isText,
  received_at_ms: isNumber,
  fetch_ms: isNumber,
  outcome: (value) => (OUTCOMES as readonly unknown[]).includes(value),
  status: orNull((value) => isSize(value) && (value as number) < 1000),
  message: orNull(isText),
  snapshot_ts_ms: orNull(isNumber),
  content_type: orNull(isText),
  headers: (value) => typeof value === 'object' && value !== null && Object.values(value).every(isText),
  file: orNull(matching(FILE)),
  bytes: orNull(isSize),
  stored_bytes: orNull(isSize),
  sha256: orNull(matching(SHA256)),
};
