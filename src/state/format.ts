/**
 * The file that keeps the last good body of one source, little endian:
 *
 *   8 bytes  WEFTSTAT            8 bytes  length of the body
 *   4 bytes  format version      metadata (JSON, UTF-8), body
 *   4 bytes  length of metadata  32 bytes SHA-256 of all before
 */

export const MAGIC = 'WEFTSTAT';
export const FORMAT_VERSION = 1;
export const HEAD_BYTES = 24;
export const DIGEST_BYTES = 32;
/** Metadata are a few names and times. */
const META_BYTES_MAX = 64 * 1024;

const VERSION_AT = 8;
const META_LENGTH_AT = 12;
const BODY_LENGTH_AT = 16;

/** What is known of a body beside its bytes. */
export interface StateMeta {
  readonly format: number;
  /** Of the weft that wrote it: for people. */
  readonly weft: string;
  readonly source: string;
  /** Epoch ms. */
  readonly received_at_ms: number;
  /** X-Snapshot-Ts, epoch ms; null when the upstream said none. */
  readonly snapshot_ts_ms: number | null;
  readonly content_type: string | null;
  /** Of the body. */
  readonly bytes: number;
}

/** Why a file is not what it should be: reads on behind "it ". */
export class StateFault extends Error {}

/** All that stands before the body. */
export function encodeHead(meta: StateMeta): Buffer {
  const json = Buffer.from(JSON.stringify(meta));
  const head = Buffer.alloc(HEAD_BYTES + json.length);
  head.write(MAGIC, 'latin1');
  head.writeUInt32LE(FORMAT_VERSION, VERSION_AT);
  head.writeUInt32LE(json.length, META_LENGTH_AT);
  head.writeBigUInt64LE(BigInt(meta.bytes), BODY_LENGTH_AT);
  json.copy(head, HEAD_BYTES);
  return head;
}

export interface HeadLengths {
  readonly metaBytes: number;
  readonly bodyBytes: number;
}

/** `head`: the first HEAD_BYTES of a file of `fileBytes`, or all that it has. Throws StateFault. */
export function decodeLengths(head: Buffer, fileBytes: number): HeadLengths {
  if (head.subarray(0, MAGIC.length).toString('latin1') !== MAGIC) {
    throw new StateFault(
      head.length < MAGIC.length ? 'is cut short' : 'is no state file of weft (other magic)',
    );
  }
  if (head.length < HEAD_BYTES) throw new StateFault('is cut short');
  const version = head.readUInt32LE(VERSION_AT);
  if (version !== FORMAT_VERSION) {
    throw new StateFault(`has format version ${version}, this weft reads ${FORMAT_VERSION}`);
  }
  const metaBytes = head.readUInt32LE(META_LENGTH_AT);
  const bodyBytes = Number(head.readBigUInt64LE(BODY_LENGTH_AT));
  const whole = HEAD_BYTES + metaBytes + bodyBytes + DIGEST_BYTES;
  if (metaBytes > META_BYTES_MAX) throw new StateFault(`has metadata of ${metaBytes} bytes`);
  if (fileBytes !== whole) throw new StateFault(`has ${fileBytes} bytes, its head says ${whole}`);
  return { metaBytes, bodyBytes };
}

/** Throws StateFault for metadata that are not those of `source` with a body of `bodyBytes`. */
export function decodeMeta(json: Buffer, source: string, bodyBytes: number): StateMeta {
  let meta: Partial<Record<keyof StateMeta, unknown>> | null;
  try {
    meta = JSON.parse(json.toString()) as typeof meta;
  } catch {
    throw new StateFault('has metadata that are no JSON');
  }
  if (meta === null || typeof meta !== 'object' || !isMeta(meta)) {
    throw new StateFault('has metadata of another shape');
  }
  if (meta.source !== source) throw new StateFault(`is of source '${meta.source.slice(0, 64)}'`);
  if (meta.bytes !== bodyBytes) throw new StateFault('has metadata of another body');
  return meta;
}

function isMeta(meta: Partial<Record<keyof StateMeta, unknown>>): meta is StateMeta {
  const { format, weft, source, received_at_ms, snapshot_ts_ms, content_type, bytes } = meta;
  return (
    format === FORMAT_VERSION &&
    typeof weft === 'string' &&
    typeof source === 'string' &&
    Number.isFinite(received_at_ms) &&
    (snapshot_ts_ms === null || Number.isFinite(snapshot_ts_ms)) &&
    (content_type === null || typeof content_type === 'string') &&
    Number.isSafeInteger(bytes)
  );
}
