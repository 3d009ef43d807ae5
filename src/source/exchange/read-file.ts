/** One look at a file: whole, unchanged, or why not. The file's identity plays the part of an ETag. */

import { open, stat, type FileHandle } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import type { AllocateBody, BodySink } from '../../model/body.js';
import type { Clock } from '../../model/clock.js';
import { DeliveryError } from '../../model/outcome.js';
import type { ExchangeFacts, HttpPollOptions } from '../poll-report.js';
import { tooLargeDecoded, tooLargeOnWire } from './admit.js';
import type { Exchanged } from './attempt.js';
import { classify } from './classify.js';
import { Gunzip } from './decode.js';
import type { Exchange } from './fetch-body.js';

const CHUNK_BYTES = 256 * 1024;
/** A guess: text of digits and commas. */
const GZIP_RATIO = 4;

type Limits = Pick<HttpPollOptions, 'intervalMs' | 'timeoutMs' | 'bodyBytesMax' | 'decodedBytesMax'>;

export class FileExchange implements Exchange {
  readonly #path: string;
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #allocate: AllocateBody;
  /** As it was at the look before. */
  #seen: string | null = null;

  constructor(path: string, limits: Limits, clock: Clock, allocate: AllocateBody) {
    this.#path = path;
    this.#limits = limits;
    this.#clock = clock;
    this.#allocate = allocate;
  }

  async fetch(etag: string | null, signal: AbortSignal): Promise<Exchanged> {
    const startMs = this.#clock.monotonicMs();
    const facts: Facts = { wireBytes: 0, expectedBytes: null, snapshotTsMs: null };
    try {
      return await this.#look(etag, facts, startMs, signal);
    } catch (error) {
      const { outcome, message } = explain(error);
      const told = `cannot read ${this.#path}: ${message}`;
      return {
        kind: 'failed',
        facts: this.#facts(facts, startMs),
        outcome,
        message: told,
        staleConnection: false,
      };
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #look(etag: string | null, facts: Facts, startMs: number, signal: AbortSignal): Promise<Exchanged> {
    const found = await stat(this.#path, { bigint: true });
    if (!found.isFile()) throw new DeliveryError('content_type', 'it is no plain file', true);
    const seen = identity(found);
    const rests = seen === this.#seen || this.#ageMs(found) >= this.#limits.intervalMs;
    this.#seen = seen;
    facts.snapshotTsMs = Number(found.mtimeMs);
    if (seen === etag) return { kind: 'not_modified', facts: this.#facts(facts, startMs) };
    if (!rests) throw changing(this.#limits.intervalMs);
    const sink = await this.#read(found, facts, startMs, signal);
    const { clock } = { clock: this.#clock };
    const told = this.#facts(facts, startMs);
    return {
      kind: 'body',
      facts: told,
      etag: seen,
      body: {
        bytes: sink,
        receivedAtMs: clock.nowMs(),
        receivedAtMonoMs: clock.monotonicMs(),
        snapshotTsMs: told.snapshotTsMs,
        hasEtag: true,
        contentType: null,
        expectedBytes: told.expectedBytes,
        wireBytes: told.wireBytes,
        fetchMs: told.fetchMs,
      },
    };
  }

  #ageMs(found: BigIntStats): number {
    return this.#clock.nowMs() - Number(found.mtimeMs);
  }

  async #read(found: BigIntStats, facts: Facts, startMs: number, signal: AbortSignal): Promise<BodySink> {
    const { bodyBytesMax, decodedBytesMax, timeoutMs } = this.#limits;
    const size = Number(found.size);
    facts.expectedBytes = size;
    if (size > bodyBytesMax) throw tooLargeOnWire(size, bodyBytesMax);
    const file = await open(this.#path);
    let sink: BodySink | null = null;
    try {
      const chunks = readChunks(file, () => {
        if (signal.aborted) throw new DeliveryError('timeout', 'the source was stopped', true);
        if (this.#clock.monotonicMs() - startMs <= timeoutMs) return;
        const knob = 'the limit is POLL_TIMEOUT_MS (timeout_ms)';
        throw new DeliveryError('timeout', `not read within ${timeoutMs} ms; ${knob}`, true);
      });
      const first = await chunks.next();
      const head = first.done ? new Uint8Array(0) : first.value;
      const isGzip = head[0] === 0x1f && head[1] === 0x8b;
      const bytesMax = isGzip ? decodedBytesMax : Math.min(bodyBytesMax, decodedBytesMax);
      sink = this.#allocate(Math.min(isGzip ? size * GZIP_RATIO : size, bytesMax), bytesMax);
      const filler = isGzip ? new Unzipping(sink, decodedBytesMax) : new Copying(sink, decodedBytesMax);
      try {
        for (let chunk = head; ;) {
          facts.wireBytes += chunk.length;
          if (facts.wireBytes > bodyBytesMax) throw tooLargeOnWire(null, bodyBytesMax);
          await filler.add(chunk);
          const next = await chunks.next();
          if (next.done) break;
          chunk = next.value;
        }
        await filler.end();
      } finally {
        filler.close();
      }
      // What was read while somebody wrote is neither the old file nor the new one.
      if (identity(await file.stat({ bigint: true })) !== identity(found))
        throw changing(this.#limits.intervalMs);
      return sink;
    } catch (error) {
      sink?.release();
      throw error;
    } finally {
      await file.close();
    }
  }

  #facts({ wireBytes, expectedBytes, snapshotTsMs }: Facts, startMs: number): ExchangeFacts {
    const fetchMs = this.#clock.monotonicMs() - startMs;
    return { status: null, fetchMs, wireBytes, expectedBytes, skewMs: null, snapshotTsMs };
  }
}

interface Facts {
  wireBytes: number;
  expectedBytes: number | null;
  snapshotTsMs: number | null;
}

/** Where the bytes of a file go. `close` may be called in every state, and last. */
interface Filler {
  add(chunk: Uint8Array): Promise<void>;
  end(): Promise<void>;
  close(): void;
}

class Copying implements Filler {
  constructor(
    private readonly sink: BodySink,
    private readonly bytesMax: number,
  ) {}

  add(chunk: Uint8Array): Promise<void> {
    if (this.sink.byteLength + chunk.length > this.bytesMax) throw tooLargeDecoded(this.bytesMax);
    this.sink.append(chunk);
    return Promise.resolve();
  }

  end(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}
}

/** Several members in a row are one text: that is what `>>` makes of gzipped files. */
class Unzipping implements Filler {
  readonly #gunzip: Gunzip;
  readonly #done: Promise<void>;
  #drained: () => void = () => {};

  constructor(sink: BodySink, bytesMax: number) {
    let done: () => void;
    let failed: (error: unknown) => void;
    this.#done = new Promise((resolve, reject) => ([done, failed] = [resolve, reject]));
    this.#done.catch(() => {});
    const copying = new Copying(sink, bytesMax);
    this.#gunzip = new Gunzip({
      data: (chunk) => void copying.add(chunk),
      drained: () => this.#drained(),
      done: () => done(),
      failed: (error) => failed(error),
    });
  }

  async add(chunk: Uint8Array): Promise<void> {
    // The chunk's memory is used again for the next one, and zlib reads it later.
    if (this.#gunzip.write(Buffer.from(chunk))) return;
    const drained = new Promise<void>((resolve) => (this.#drained = resolve));
    await Promise.race([drained, this.#done]);
  }

  end(): Promise<void> {
    this.#gunzip.end();
    return this.#done;
  }

  close(): void {
    this.#gunzip.destroy();
  }
}

/** Chunks that hold until the next is asked for. `check` throws when the reading is to end. */
async function* readChunks(file: FileHandle, check: () => void): AsyncGenerator<Uint8Array, void> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (;;) {
    check();
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Changes whenever the content may have changed. */
function identity({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return `${dev}-${ino}-${size}-${mtimeNs}`;
}

function changing(intervalMs: number): DeliveryError {
  const message = `it is being written: it is read once it has not changed for ${intervalMs} ms`;
  return new DeliveryError('skipped', message, true);
}

/** A file that is not there is an upstream that is not there. */
function explain(error: unknown): Pick<DeliveryError, 'outcome' | 'message'> {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return { outcome: 'connect', message: 'no such file' };
  if (code === 'EACCES' || code === 'EPERM') return { outcome: 'connect', message: 'not permitted' };
  return classify(error, false);
}
