/** POST /telemetry/ingest/{source}: a matrix from a client that pushes. */
import { isNdjson, type BodyFormat } from '../../model/body.js';
import type { Clock } from '../../model/clock.js';
import { saneEpochMs } from '../../model/epoch.js';
import { WeftError } from '../../model/errors.js';
import type { PushDesk, PushHead, PushReceipt } from '../../model/push.js';
import type { Fabric } from '../../fabric/fabric.js';
import type { Exchange } from '../exchange.js';
import { replyJson, requireNoParameters } from '../json.js';
import type { RequestHead } from '../request-head.js';

/** A sample of tomorrow would refuse every true one after it. */
const AHEAD_MS_MAX = 24 * 3_600_000;
const MEDIA_TYPES = 'text/csv and application/x-ndjson';

export interface IngestDeps {
  readonly desk: PushDesk;
  readonly fabric: Fabric;
  readonly clock: Clock;
  /** Of the request being handled. */
  readonly head: RequestHead;
}

/**
 * Answers 202 when the body is served: what is read afterwards has it. Throws what can be said before
 * the body is read.
 */
export function handleIngest(exchange: Exchange, deps: IngestDeps): void {
  requireNoParameters(exchange);
  const id = exchange.target.segments[0]!;
  const door = deps.desk.find(id);
  const head = readPushHead(deps.head, deps.clock);
  const { body } = exchange;
  let isWhole = false;
  const upload = door.open(head, {
    resume: () => body.resume(),
    settled: (end) => {
      // In a later turn, as the answer to any request with a body; and never within the body's call.
      setImmediate(() => {
        body.closes ||= !isWhole;
        if (end instanceof Error) exchange.fail(end);
        else tell(exchange, id, end, deps.fabric);
      });
    },
  });
  body.deadlineMs = upload.answerWithinMs;
  body.onGone = () => upload.abort();
  body.read((chunk, isLast) => {
    if (chunk.length > 0 && !upload.write(chunk) && !isLast) body.pause();
    if (!isLast) return;
    isWhole = true;
    // What stands between may cut chunks elsewhere: no second request behind them.
    body.closes = head.contentLength === null;
    upload.end();
  });
}

function tell(exchange: Exchange, source: string, receipt: PushReceipt, fabric: Fabric): void {
  if (exchange.done) return;
  const { outcome, rows, columns, rejectedCells, rejectedRows } = receipt;
  replyJson(exchange, 202, {
    source,
    outcome,
    snapshot_id: fabric.snapshotId,
    rows,
    columns,
    rejected_cells: rejectedCells,
    rejected_rows: rejectedRows,
  });
}

function readPushHead(head: RequestHead, clock: Clock): PushHead {
  const format = formatOf(head.contentType);
  const isGzip = isGzipped(head.contentEncoding);
  const snapshotTsMs = head.snapshotTs === '' ? null : sampleTime(head.snapshotTs, clock.nowMs());
  if (!head.framed) {
    const how = 'send Content-Length or Transfer-Encoding: chunked';
    throw new WeftError('length_required', `cannot take a push of unknown length: ${how}`);
  }
  const contentLength = head.chunked ? null : head.bodyBytes;
  return { format, isGzip, contentType: head.contentType, contentLength, snapshotTsMs };
}

function formatOf(contentType: string): BodyFormat {
  if (isNdjson(contentType)) return 'ndjson';
  if (contentType.split(';', 1)[0]!.trim().toLowerCase() === 'text/csv') return 'csv';
  const what = contentType === '' ? 'a body without Content-Type' : `'${printable(contentType)}'`;
  throw new WeftError('unsupported_media_type', `cannot take ${what}: allowed are ${MEDIA_TYPES}`);
}

function isGzipped(contentEncoding: string): boolean {
  const coding = contentEncoding.toLowerCase();
  if (coding === 'gzip' || coding === 'x-gzip') return true;
  if (coding === '' || coding === 'identity') return false;
  const what = `Content-Encoding '${printable(contentEncoding)}'`;
  throw new WeftError('unsupported_media_type', `cannot take ${what}: allowed are gzip and none`);
}

function sampleTime(text: string, nowMs: number): number {
  const ms = saneEpochMs(text);
  if (ms !== null && ms <= nowMs + AHEAD_MS_MAX) return ms;
  const allowed = 'milliseconds since 1970, of this century and at most a day ahead of the clock here';
  throw new WeftError('bad_value', `cannot take X-Snapshot-Ts '${printable(text)}': allowed are ${allowed}`);
}

function printable(text: string): string {
  return text.slice(0, 64).replaceAll(/[^\x20-\x7e]/g, '?');
}
