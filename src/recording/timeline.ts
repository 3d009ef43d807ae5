/** A recording as it is replayed: for each source what it answered, and when. Reads the index as a stream. */

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isGoodExchange } from '../model/outcome.js';
import { INDEX_NAME, LINE_LENGTH_MAX, parseLine, type IndexLine } from './index-line.js';

/** A file of a recording, shared by all answers that gave these bytes. */
export interface StoredBody {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly isGzip: boolean;
  readonly contentType: string | null;
  /** The line that named it first. */
  readonly line: number;
}

export interface RecordedFailure {
  /** What a client is answered: the recorded status, or 503 where none could be shown again. */
  readonly status: number;
  readonly message: string;
}

/** From `atMs` on, until the next of the same source. */
export interface Answer {
  /** Epoch ms of the recording; never before the answer before it. */
  readonly atMs: number;
  readonly snapshotTsMs: number | null;
  /** The newest body then; null before the first. */
  readonly body: StoredBody | null;
  readonly failure: RecordedFailure | null;
}

export interface Timeline {
  /** By source, in the order they appear; none is empty. */
  readonly sources: ReadonlyMap<string, readonly Answer[]>;
  /** Of the first and the last answer. */
  readonly startMs: number;
  readonly endMs: number;
}

/** Told of each part that cannot be replayed. */
export type OnDamage = (line: number, why: string) => void;

export interface ReadOptions {
  readonly folder: string;
  /** null = all sources. */
  readonly source: string | null;
  readonly skipFailures: boolean;
}

/** Throws an Error that names the folder when it holds nothing to replay. Damaged lines are left out. */
export async function readTimeline(options: ReadOptions, onDamage: OnDamage): Promise<Timeline> {
  const reader = new TimelineReader(options, onDamage);
  const { folder, source } = options;
  try {
    for await (const { number, text } of linesOf(join(folder, INDEX_NAME))) await reader.take(number, text);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? `it has no ${INDEX_NAME}` : message;
    throw new Error(`cannot replay ${folder}: ${why}`, { cause: error });
  }
  const timeline = reader.timeline();
  if (timeline) return timeline;
  const known = [...reader.seen].join(', ') || 'none';
  if (source !== null && !reader.seen.has(source)) {
    throw new Error(`cannot replay ${folder}: it has no source ${source} (--source); it has: ${known}`);
  }
  throw new Error(`cannot replay ${folder}: none of its ${reader.lines} lines can be replayed`);
}

class TimelineReader {
  readonly seen = new Set<string>();
  lines = 0;
  readonly #options: ReadOptions;
  readonly #onDamage: OnDamage;
  readonly #answers = new Map<string, Answer[]>();
  /** null: damaged, and named already. */
  readonly #bodies = new Map<string, StoredBody | null>();
  #startMs = Infinity;
  #endMs = -Infinity;

  constructor(options: ReadOptions, onDamage: OnDamage) {
    this.#options = options;
    this.#onDamage = onDamage;
  }

  async take(number: number, text: string | null): Promise<void> {
    this.lines += 1;
    const line = text === null ? `it is longer than ${LINE_LENGTH_MAX} characters` : parseLine(text);
    if (typeof line === 'string') return this.#onDamage(number, line);
    this.seen.add(line.source);
    const { source, skipFailures } = this.#options;
    if (source !== null && line.source !== source) return;
    // A poll that was left out was our own doing: the upstream was not asked.
    if (line.outcome === 'skipped') return;
    const isGood = isGoodExchange(line.outcome);
    if (!isGood && skipFailures) return;
    const answers = this.#answers.get(line.source) ?? [];
    const last = answers.at(-1);
    let body = last?.body ?? null;
    if (isGood && line.file !== null) {
      body = await this.#body(number, line);
      if (body === null) return;
    }
    if (isGood && body === null) return this.#onDamage(number, 'it refers to a body that is not there');
    const atMs = Math.max(line.received_at_ms, last?.atMs ?? -Infinity);
    answers.push({
      atMs,
      snapshotTsMs:
        line.snapshot_ts_ms ?? (isGood && line.file === null ? (last?.snapshotTsMs ?? null) : null),
      body,
      failure: isGood ? null : failureOf(line),
    });
    this.#answers.set(line.source, answers);
    this.#startMs = Math.min(this.#startMs, atMs);
    this.#endMs = Math.max(this.#endMs, atMs);
  }

  timeline(): Timeline | null {
    if (this.#answers.size === 0) return null;
    return { sources: this.#answers, startMs: this.#startMs, endMs: this.#endMs };
  }

  async #body(number: number, line: IndexLine): Promise<StoredBody | null> {
    const file = line.file!;
    const known = this.#bodies.get(file);
    if (known !== undefined) return known;
    const path = join(this.#options.folder, file);
    const isGzip = file.endsWith('.gz');
    const size = await stat(path).then(
      (found) => found.size,
      () => null,
    );
    const expected = line.stored_bytes ?? (isGzip ? size : line.bytes);
    const { bytes, sha256, content_type: contentType } = line;
    const isThere = size !== null && size === expected;
    const body = isThere ? { path, bytes: bytes!, sha256: sha256!, isGzip, contentType, line: number } : null;
    this.#bodies.set(file, body);
    if (size === null) this.#onDamage(number, `${file} is missing`);
    else if (!isThere) this.#onDamage(number, `${file} has ${size} bytes, recorded were ${expected}`);
    return body;
  }
}

/** What cannot be shown over HTTP again (timeouts, resets, refused bodies) becomes a 503 that says so. */
function failureOf({ status, outcome, message }: IndexLine): RecordedFailure {
  const told = `recorded: ${outcome}: ${message ?? 'no detail'}`;
  return { status: outcome === 'status' && status !== null && status >= 400 ? status : 503, message: told };
}

interface NumberedLine {
  readonly number: number;
  /** null when it was too long. */
  readonly text: string | null;
}

/** Lines without their breaks, counted from 1; empty ones are left out. */
async function* linesOf(path: string): AsyncGenerator<NumberedLine> {
  let rest = '';
  let number = 0;
  let isTooLong = false;
  for await (const chunk of createReadStream(path, { encoding: 'utf8' }) as AsyncIterable<string>) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop()!;
    for (const part of parts) {
      number += 1;
      if (isTooLong || part.length > LINE_LENGTH_MAX) yield { number, text: null };
      else if (part !== '') yield { number, text: part };
      isTooLong = false;
    }
    if (rest.length <= LINE_LENGTH_MAX) continue;
    isTooLong = true;
    rest = '';
  }
  if (rest !== '' || isTooLong) yield { number: number + 1, text: isTooLong ? null : rest };
}
