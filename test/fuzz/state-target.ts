/**
 * State files: read as weft does at its start, and by the words of docs/persistence.md alone. The first
 * byte says whether the file is given a digest and lengths that fit, so that what is behind is reached.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DIGEST_BYTES, HEAD_BYTES, StateFault, type StateMeta } from '../../src/state/format.js';
import { readBody, readMeta } from '../../src/state/files.js';
import { readStateFile, sealed, type ReadState } from '../fixtures/state-files.js';
import { ensure, type FuzzTarget } from './target.js';

const SOURCE = 's1';
const BODY_BYTES_MAX = 4_096;

const dir = mkdtempSync(join(tmpdir(), 'weft-fuzz-'));
process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
const path = join(dir, `${SOURCE}.weftstate`);

interface Read {
  readonly meta: StateMeta;
  readonly body: Buffer;
}

/** Null when it is refused in the way that sets a file aside. */
function read(): Read | null {
  try {
    const meta = readMeta(dir, SOURCE, BODY_BYTES_MAX);
    ensure(meta !== null, () => 'a file that is there is none');
    ensure(meta.bytes >= 0 && meta.bytes <= BODY_BYTES_MAX, () => `a body of ${meta.bytes} bytes`);
    const body = Buffer.alloc(meta.bytes);
    readBody(dir, meta, body);
    return { meta, body };
  } catch (error) {
    if (!(error instanceof StateFault)) throw error;
    ensure(error.message !== '', () => 'refused without a reason');
    return null;
  }
}

function readNaively(file: Buffer): ReadState | null {
  try {
    return readStateFile(file);
  } catch {
    return null;
  }
}

/** The metadata go up to the last brace, the body up to the digest. */
function withLengths(file: Buffer): Buffer {
  const metaBytes = file.lastIndexOf('}') + 1 - HEAD_BYTES;
  const bodyBytes = file.length - HEAD_BYTES - metaBytes - DIGEST_BYTES;
  if (metaBytes < 0 || bodyBytes < 0) return file;
  file.writeUInt32LE(metaBytes, 12);
  file.writeBigUInt64LE(BigInt(bodyBytes), 16);
  return file;
}

function run(input: Uint8Array): boolean {
  const flags = input[0] ?? 0;
  const bytes = Buffer.from(input.subarray(1));
  const fitted = flags & 2 && bytes.length >= HEAD_BYTES ? withLengths(bytes) : bytes;
  const file = flags & 1 && bytes.length >= DIGEST_BYTES ? sealed(fitted) : fitted;
  writeFileSync(path, file);
  const found = read();
  if (!found) return false;
  const naive = readNaively(file);
  ensure(naive !== null, () => 'taken, though it is not whole');
  ensure(naive.body.equals(found.body), () => 'another body');
  const { source, bytes: bodyBytes, received_at_ms: receivedAtMs } = naive.meta;
  ensure(source === SOURCE && bodyBytes === naive.body.length, () => 'metadata of another body');
  ensure(Number.isFinite(receivedAtMs), () => `received at ${String(receivedAtMs)}`);
  return true;
}

export const stateTarget: FuzzTarget = {
  name: 'state',
  tokens: [
    ...['WEFTSTAT', '\u0001\0\0\0', '\u0002\0\0\0', '\0\0\0\0\0\0\0\0', '{"format":1', '"source":"s1"'],
    ...[
      '"bytes":',
      '"received_at_ms":',
      '"snapshot_ts_ms":null',
      '"content_type":"text/csv"',
      '"weft":"1.0.0"',
    ],
    ...['{', '}', ',', 'null', '1e999', '-1', '4', '"', '\u007f\u007f\u007f\u007f', '"source":"../s1"'],
  ],
  bytesMax: 2_000,
  covers: ['dist/src/state/'],
  run,
};
