/**
 * One cell's past as a body:
 * `{"switch_id","metric","kind","from","to","complete":true,"samples":[["2026-01-01T12:00:00.000Z",123],...]}`
 */
import type { ColumnKind } from '../model/schema.js';
import type { SeriesQuery } from '../query/history-query.js';
import type { HistoryRef } from '../snapshot/history-layout.js';
import { HistoryReader } from '../snapshot/history-reader.js';
import { ByteWriter } from './bytes.js';
import { pastCell, writePastCell, type PastCell } from './past-cell.js';
import { writeIsoTime } from './time.js';

const SAMPLE_BYTES = 48;

/** What a series is made from, beside the history. */
export interface SeriesOrder {
  readonly query: SeriesQuery;
  readonly kind: ColumnKind;
  /** Nothing is missing from the window of any row. */
  readonly windowKept: boolean;
  readonly bodyBytesMax: number;
}

/** The task of the job `encodeSeries`. The history is pinned while it runs. */
export interface SeriesTask extends SeriesOrder {
  readonly history: HistoryRef;
}

interface Samples {
  readonly times: number[];
  readonly cells: PastCell[];
  /** Whether the walk has come to the window's beginning. */
  reached: boolean;
  cut: boolean;
}

/** From the newest back to the beginning of the window, which counts from the newest sample. */
function collect(reader: HistoryReader | null, { switchId, metric, windowMs, limit }: SeriesQuery): Samples {
  const samples: Samples = { times: [], cells: [], reached: false, cut: false };
  const slot = reader?.findKey(switchId) ?? -1;
  const column = reader?.columnOf(metric);
  if (!reader || slot < 0 || column === undefined) return samples;
  const walk = reader.walk([column]);
  if (!walk.begin(slot)) return samples;
  const fromMs = walk.timeMs - windowMs;
  do {
    if (walk.timeMs <= fromMs) samples.reached = true;
    if (walk.timeMs < fromMs) break;
    if (samples.times.length === limit) {
      samples.cut = true;
      break;
    }
    samples.times.push(walk.timeMs);
    samples.cells.push(pastCell(walk, 0));
  } while (walk.back());
  return samples;
}

/** Encodes a series. Throws too_large. */
export function encodeSeries(reader: HistoryReader | null, order: SeriesOrder): Uint8Array<ArrayBuffer> {
  const { query } = order;
  const samples = collect(reader, query);
  const out = new ByteWriter(order.bodyBytesMax, 'MAX_LIST_BYTES', "; ask for fewer samples with 'limit'");
  out.expect(samples.times.length * SAMPLE_BYTES + 512);
  if (query.format === 'csv') writeCsv(out, samples);
  else writeJson(out, samples, order);
  return out.take();
}

/** The same in a worker. */
export function runSeries(task: SeriesTask): Uint8Array<ArrayBuffer> {
  return encodeSeries(new HistoryReader(task.history), task);
}

function writeJson(out: ByteWriter, { times, cells, reached, cut }: Samples, order: SeriesOrder): void {
  const { query, kind, windowKept } = order;
  const { switchId, metric, windowMs, int64AsString } = query;
  const toMs = times[0] ?? NaN;
  const head = JSON.stringify({ switch_id: switchId, metric, kind });
  out.utf8(head.slice(0, -1));
  out.ascii(',"from":');
  writeIsoTime(out, toMs - windowMs, true);
  out.ascii(',"to":');
  writeIsoTime(out, toMs, true);
  out.ascii(`,"complete":${times.length > 0 && !cut && (reached || windowKept)},"samples":[`);
  for (let i = times.length - 1; i >= 0; i--) {
    out.byte(91);
    writeIsoTime(out, times[i]!, true);
    out.byte(44);
    writePastCell(out, cells[i]!, 'null', int64AsString);
    out.ascii(i === 0 ? ']' : '],');
  }
  out.ascii(']}');
}

function writeCsv(out: ByteWriter, { times, cells }: Samples): void {
  out.ascii('timestamp,value\r\n');
  for (let i = times.length - 1; i >= 0; i--) {
    writeIsoTime(out, times[i]!, false);
    out.byte(44);
    writePastCell(out, cells[i]!, '', false);
    out.ascii('\r\n');
  }
}
