/** State files on disk. Blocking calls: only the state thread may use it. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  decodeLengths,
  decodeMeta,
  DIGEST_BYTES,
  encodeHead,
  HEAD_BYTES,
  StateFault,
  type StateMeta,
} from './format.js';

const SUFFIX = '.weftstate';
const TEMP = /\.weftstate\.[0-9]+\.tmp$/;
/** Hashed and written at once. */
const CHUNK_BYTES = 4 * 1024 * 1024;
const TEMP_NAMES_MAX = 100;

function statePath(dir: string, sourceId: string): string {
  return join(dir, sourceId + SUFFIX);
}

/** Makes the directory where there is none, and removes what interrupted writes left. Throws. */
export function prepareDir(dir: string): void {
  mkdirSync(dir, { recursive: true });
  for (const name of readdirSync(dir)) if (TEMP.test(name)) rmSync(join(dir, name), { force: true });
}

/**
 * Replaces the file of `meta.source`. At every moment there is the old file or the new one, whole:
 * the new one is on the disk under another name before it takes the old one's. Throws.
 */
export function writeState(dir: string, meta: StateMeta, body: Uint8Array): void {
  const [fd, temp] = openTemp(statePath(dir, meta.source));
  try {
    try {
      const hash = createHash('sha256');
      for (const part of [encodeHead(meta), body]) {
        for (let at = 0; at < part.length; at += CHUNK_BYTES) {
          const chunk = part.subarray(at, at + CHUNK_BYTES);
          hash.update(chunk);
          writeAll(fd, chunk);
        }
      }
      writeAll(fd, hash.digest());
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temp, statePath(dir, meta.source));
  } catch (error) {
    removeQuietly(temp);
    throw error;
  }
  syncDir(dir);
}

/** A name that nobody else writes to, another weft over the same directory included. */
function openTemp(path: string): [fd: number, temp: string] {
  for (let n = process.pid; ; n++) {
    const temp = `${path}.${n}.tmp`;
    try {
      return [openSync(temp, 'wx', 0o600), temp];
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EEXIST';
      if (!isTaken || n === process.pid + TEMP_NAMES_MAX) throw error;
    }
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) at += writeSync(fd, bytes, at, bytes.length - at);
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The next start tries again.
  }
}

/** Without it, a loss of power may undo the rename. */
function syncDir(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The metadata of the file of a source; null when there is none. Throws StateFault, or what the disk says. */
export function readMeta(dir: string, sourceId: string, bodyBytesMax: number): StateMeta | null {
  let fd: number;
  try {
    fd = openSync(statePath(dir, sourceId), 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new StateFault('is no file');
    const head = Buffer.alloc(Math.min(HEAD_BYTES, stat.size));
    readAll(fd, head, 0);
    const { metaBytes, bodyBytes } = decodeLengths(head, stat.size);
    const json = Buffer.alloc(metaBytes);
    readAll(fd, json, HEAD_BYTES);
    if (bodyBytes > bodyBytesMax) {
      throw new StateFault(
        `has a body of ${bodyBytes} bytes, the limit is ${bodyBytesMax} (MAX_DECODED_BYTES)`,
      );
    }
    return decodeMeta(json, sourceId, bodyBytes);
  } finally {
    closeSync(fd);
  }
}

/** Reads the body into `body`, which is as long as `meta` says, and verifies the whole file. Throws likewise. */
export function readBody(dir: string, meta: StateMeta, body: Uint8Array): void {
  const fd = openSync(statePath(dir, meta.source), 'r');
  try {
    const { size } = fstatSync(fd);
    const before = Buffer.alloc(size - body.length - DIGEST_BYTES);
    const digest = Buffer.alloc(DIGEST_BYTES);
    const hash = createHash('sha256');
    readAll(fd, before, 0);
    hash.update(before);
    for (let at = 0; at < body.length; at += CHUNK_BYTES) {
      const chunk = body.subarray(at, at + CHUNK_BYTES);
      readAll(fd, chunk, before.length + at);
      hash.update(chunk);
    }
    readAll(fd, digest, before.length + body.length);
    if (!hash.digest().equals(digest)) throw new StateFault('is damaged (its digest is another)');
  } finally {
    closeSync(fd);
  }
}

function readAll(fd: number, into: Uint8Array, position: number): void {
  let at = 0;
  while (at < into.length) {
    const read = readSync(fd, into, at, into.length - at, position + at);
    if (read === 0) throw new StateFault('is cut short');
    at += read;
  }
}

/** Out of the way of the next write, kept for people; returns its new name. Throws. */
export function setAside(dir: string, sourceId: string, nowMs: number): string {
  const path = statePath(dir, sourceId);
  const aside = `${path}.bad-${Math.trunc(nowMs)}`;
  renameSync(path, aside);
  return aside;
}
