/** Bodies of a recording in memory: checked against their digests, the present one of each source. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { promisify } from 'node:util';
import { createGunzip, gzip } from 'node:zlib';
import { BODY_BYTES_LIMIT } from '../model/limits.js';
import type { OnDamage, StoredBody } from './timeline.js';

const compress = promisify(gzip);
/** Read, hashed and copied in one turn of the loop. */
const CHUNK_BYTES = 256 * 1024;
/** Level 1: it is for a neighbour's network, not for a disk. */
const GZIP_LEVEL = 1;

/** Decoded bytes, and their compressed form once somebody asked for it. */
export class LoadedBody {
  readonly bytes: Buffer;
  #gzipped: Promise<Buffer> | null = null;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  gzipped(): Promise<Buffer> {
    return (this.#gzipped ??= compress(this.bytes, { level: GZIP_LEVEL }));
  }
}

export class BodyStore {
  readonly #onDamage: OnDamage;
  readonly #present = new Map<
    string,
    { readonly body: StoredBody; readonly loaded: Promise<LoadedBody | null> }
  >();

  constructor(onDamage: OnDamage) {
    this.#onDamage = onDamage;
  }

  /** Null when the file is not what was recorded; that is told once. Never rejects. */
  load(source: string, body: StoredBody): Promise<LoadedBody | null> {
    const present = this.#present.get(source);
    if (present?.body === body) return present.loaded;
    const loaded = readBody(body).catch((error: unknown) => {
      this.#onDamage(body.line, `${body.path}: ${(error as Error).message}`);
      return null;
    });
    this.#present.set(source, { body, loaded });
    return loaded;
  }
}

async function readBody({ path, bytes, sha256, isGzip }: StoredBody): Promise<LoadedBody> {
  if (bytes > BODY_BYTES_LIMIT) throw new Error(`${bytes} bytes are more than weft reads`);
  const whole = Buffer.allocUnsafe(bytes);
  const hash = createHash('sha256');
  let length = 0;
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const decoded = isGzip ? file.pipe(createGunzip({ chunkSize: CHUNK_BYTES })) : file;
  if (decoded !== file) file.once('error', (error) => decoded.destroy(error));
  try {
    for await (const chunk of decoded as AsyncIterable<Buffer>) {
      if (length + chunk.length > bytes) throw new Error(`it has more than the ${bytes} bytes recorded`);
      chunk.copy(whole, length);
      hash.update(chunk);
      length += chunk.length;
    }
  } finally {
    file.destroy();
  }
  if (length !== bytes) throw new Error(`it has ${length} bytes, recorded were ${bytes}`);
  if (hash.digest('hex') !== sha256) throw new Error('its digest is not the recorded one');
  return new LoadedBody(whole);
}
