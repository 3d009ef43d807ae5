/**
 * Writes a recording: each new body a file, each exchange a line of the index. A body's file is
 * complete under its name before a line names it, so that an end at any moment leaves a recording
 * that can be read: at worst with one cut line, or one file that no line names.
 */

import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { BODIES_NAME, INDEX_NAME, formatLine, type IndexLine } from './index-line.js';

/** Hashed and written in one turn of the loop. */
const CHUNK_BYTES = 512 * 1024;

export interface RecorderOptions {
  readonly folder: string;
  readonly gzip: boolean;
  /** Of all files together. */
  readonly bytesMax: number;
}

/** Where a body was put. */
export interface KeptBody {
  readonly file: string;
  readonly bytes: number;
  readonly storedBytes: number;
  readonly sha256: string;
  /** False when the body before was the same: then it is that one's file. */
  readonly isNew: boolean;
}

export interface Kept {
  readonly answers: number;
  readonly bodies: number;
  /** In all files. */
  readonly bytes: number;
}

/** What was to be kept does not fit any more. */
export class RecordingFull extends Error {}

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #index: FileHandle;
  readonly #last = new Map<string, KeptBody>();
  #lines: Promise<unknown> = Promise.resolve();
  /** Of the last body's name. */
  #number = 0;
  #bodies = 0;
  #answers = 0;
  #bytes = 0;

  private constructor(options: RecorderOptions, index: FileHandle) {
    this.#options = options;
    this.#index = index;
  }

  /** Makes the folder. Throws an Error that names it when it cannot be written, or holds a recording. */
  static async open(options: RecorderOptions): Promise<Recorder> {
    const { folder } = options;
    try {
      await mkdir(join(folder, BODIES_NAME), { recursive: true });
      const bodies = await readdir(join(folder, BODIES_NAME));
      if (bodies.length > 0) throw Object.assign(new Error('not empty'), { code: 'EEXIST' });
      return new Recorder(options, await open(join(folder, INDEX_NAME), 'ax'));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const why = code === 'EEXIST' ? 'it holds something already; name a new folder' : message;
      throw new Error(`cannot record into ${folder} (--out): ${why}`, { cause: error });
    }
  }

  get kept(): Kept {
    return { answers: this.#answers, bodies: this.#bodies, bytes: this.#bytes };
  }

  /**
   * Stores a body, unless it is that of the answer before. `bytes` may be shared memory; they are
   * read until the promise settles. Throws RecordingFull, or what the file system says.
   */
  async keep(source: string, bytes: Uint8Array): Promise<KeptBody> {
    const sha256 = await digest(bytes);
    const last = this.#last.get(source);
    if (last?.sha256 === sha256) return { ...last, isNew: false };
    if (!this.#options.gzip) this.#makeRoom(bytes.length);
    const number = String(++this.#number).padStart(8, '0');
    const file = `${BODIES_NAME}/${source.replace(/^\./, '_')}-${number}.csv${this.#options.gzip ? '.gz' : ''}`;
    const storedBytes = await this.#store(file, bytes);
    const kept = { file, bytes: bytes.length, storedBytes, sha256, isNew: true };
    this.#last.set(source, kept);
    return kept;
  }

  /** Adds a line behind all those before. Rejects as `keep` does. */
  append(line: Omit<IndexLine, 'format'>): Promise<void> {
    const text = formatLine(line);
    const written = this.#lines.then(async () => {
      const bytes = Buffer.byteLength(text);
      this.#makeRoom(bytes);
      await this.#index.appendFile(text);
      this.#bytes += bytes;
      this.#answers += 1;
    });
    this.#lines = written.catch(() => {});
    return written;
  }

  async close(): Promise<void> {
    await this.#lines;
    await this.#index.close();
  }

  async #store(file: string, bytes: Uint8Array): Promise<number> {
    const path = join(this.#options.folder, file);
    const partial = `${path}.part`;
    try {
      const from = Readable.from(copies(bytes), { objectMode: false });
      const to = createWriteStream(partial, { flags: 'wx' });
      if (this.#options.gzip) await pipeline(from, createGzip(), to);
      else await pipeline(from, to);
      const { size } = await stat(partial);
      this.#makeRoom(size);
      await rename(partial, path);
      this.#bytes += size;
      this.#bodies += 1;
      return size;
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
  }

  #makeRoom(bytes: number): void {
    const { bytesMax } = this.#options;
    if (this.#bytes + bytes <= bytesMax) return;
    throw new RecordingFull(`the recording would take more than ${bytesMax} bytes (--max-bytes)`);
  }
}

async function digest(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (const chunk of copies(bytes)) {
    hash.update(chunk);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return hash.digest('hex');
}

/** Pieces outside of shared memory, which not every part of the runtime takes. */
function* copies(bytes: Uint8Array): Generator<Buffer> {
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) {
    yield Buffer.from(bytes.subarray(from, from + CHUNK_BYTES));
  }
}
