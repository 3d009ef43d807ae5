/** How a scan stops early: thrown inside parse/, turned into a value before it leaves. */
import type { BankSink } from '../model/bank.js';
import type { Outcome } from '../model/outcome.js';
import type { ParseFailure, ParseReport } from '../model/parse-job.js';

/** Where in the body something is wrong. Lines count from 1, offsets from 0. */
export interface Place {
  readonly line?: number;
  readonly column?: string;
  readonly offset?: number;
}

/** What the segment ran out of. */
export type FullOf = Exclude<BankSink['full'], ''>;

export type ScanResult =
  | { readonly kind: 'done'; readonly report: ParseReport }
  /** The sink took no more rows or strings; what it holds so far is to be thrown away. */
  | { readonly kind: 'full'; readonly what: FullOf }
  | { readonly kind: 'failed'; readonly failure: ParseFailure };

/** The body is refused. */
export class ParseStop extends Error {
  readonly failure: ParseFailure;

  constructor(outcome: Outcome, message: string, place: Place = {}) {
    super(message);
    this.name = 'ParseStop';
    this.failure = failureOf(outcome, message, place);
  }
}

/** The sink is full. */
export class SinkFull extends Error {
  readonly what: FullOf;

  constructor(sink: BankSink) {
    super(`cannot take more ${sink.full}`);
    this.name = 'SinkFull';
    this.what = sink.full === '' ? 'slots' : sink.full;
  }
}

/** One of several jobs that read a body met what only one job alone may do. */
export class GaveUp extends Error {}

/** A line break inside quotes: the scanner hands the whole body to the general path. */
export class NeedsGeneral extends Error {}

export function failureOf(outcome: Outcome, message: string, place: Place = {}): ParseFailure {
  return {
    outcome,
    message,
    line: place.line ?? null,
    column: place.column ?? null,
    offset: place.offset ?? null,
  };
}

/** Runs `work`; a ParseStop or SinkFull becomes the value it stands for. */
export function settle(work: () => ParseReport): ScanResult {
  try {
    return { kind: 'done', report: work() };
  } catch (error) {
    if (error instanceof ParseStop) return { kind: 'failed', failure: error.failure };
    if (error instanceof SinkFull) return { kind: 'full', what: error.what };
    throw error;
  }
}

/** The line (from 1) that holds byte `offset`. Counts all breaks before it: only for messages. */
export function lineAt(body: Uint8Array, offset: number): number {
  let line = 1;
  const end = Math.min(offset, body.length);
  for (let i = 0; i < end; i++) if (body[i] === 10) line++;
  return line;
}

const SHOWN_CHARS_MAX = 32;

/** Bytes as a short piece of a message: printable ASCII only, cut at 32 characters. */
export function shown(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  const stop = Math.min(end, start + SHOWN_CHARS_MAX);
  for (let i = start; i < stop; i++) {
    const byte = bytes[i]!;
    text += byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '?';
  }
  return end > stop ? `${text}...` : text;
}
