/**
 * Rows now and some time ago:
 * `{"switch_id":"sw-000","timestamp":"...","a":{"now":5,"then":3,"delta":2,"status":"ok","then_at":"...","interval_ms":720000}}`
 */
import { Table, type TableRef } from '../fabric/table.js';
import type { CompareQuery } from '../query/history-query.js';
import { visitSlice } from '../query/slice.js';
import type { HistoryRef } from '../snapshot/history-layout.js';
import { HistoryReader, type HistoryWalk } from '../snapshot/history-reader.js';
import { ByteWriter, utf8Bytes } from './bytes.js';
import { NUMBER_BYTES_MAX, putF64 } from './digits.js';
import { isWhole, pastCell, pastInteger, pastNumber, writePastCell, type PastCell } from './past-cell.js';
import { isCounter, isReset } from './past-reset.js';
import { writeJsonText } from './text.js';
import { writeIsoTime } from './time.js';

/** The task of the job `encodeComparison`. Table and histories are pinned while it runs. */
export interface CompareTask {
  readonly table: TableRef;
  /** By part of the table; null where nothing was recorded yet. */
  readonly histories: readonly (HistoryRef | null)[];
  readonly query: CompareQuery;
  readonly bodyBytesMax: number;
}

/** `ok`; `no_sample`: none that old; `missing`: no value now or then; `reset`: a counter went down. */
type Status = 'ok' | 'no_sample' | 'missing' | 'reset';

const MISSING: PastCell = { lo: 0, hi: 0, tag: -1 };
const SAFE = 2 ** 53;
const ADVICE = "; ask for fewer rows with 'limit' or 'where'";

/** One row at two times. Reused from row to row. */
class RowPair {
  nowMs = NaN;
  thenMs = NaN;
  now: PastCell[] = [];
  then: PastCell[] = [];
  readonly #walks: readonly (HistoryWalk | null)[];
  readonly #readers: readonly (HistoryReader | null)[];
  readonly #count: number;
  readonly #agoMs: number;
  /** By part, of each metric. */
  readonly #counters: readonly (readonly boolean[])[];
  #part = 0;

  constructor(table: Table, readers: readonly (HistoryReader | null)[], { metrics, agoMs }: CompareQuery) {
    this.#readers = readers;
    this.#counters = table.parts.map(({ ref }) => metrics.map((name) => isCounter(ref.segment.spec, name)));
    this.#walks = readers.map(
      (reader) => reader && reader.walk(metrics.map((name) => reader.columnOf(name)!)),
    );
    this.#count = metrics.length;
    this.#agoMs = agoMs;
  }

  #cells(walk: HistoryWalk): PastCell[] {
    return Array.from({ length: this.#count }, (_, i) => pastCell(walk, i));
  }

  load(table: Table, part: number, slot: number): void {
    const { reader } = table.parts[part]!;
    const start = reader.keyStart(slot);
    const own = this.#readers[part]?.findBytes(reader.u8, start, start + reader.keyLength(slot)) ?? -1;
    const walk = this.#walks[part];
    this.#part = part;
    this.nowMs = NaN;
    this.thenMs = NaN;
    this.now = this.then = [];
    if (own < 0 || !walk?.begin(own)) return;
    this.nowMs = walk.timeMs;
    this.now = this.#cells(walk);
    const targetMs = walk.timeMs - this.#agoMs;
    do if (!walk.back()) return;
    while (walk.timeMs > targetMs);
    this.thenMs = walk.timeMs;
    this.then = this.#cells(walk);
  }

  status(i: number): Status {
    if (this.thenMs !== this.thenMs) return 'no_sample';
    const now = this.now[i]!;
    const then = this.then[i]!;
    if (now.tag < 0 || then.tag < 0) return 'missing';
    return this.#counters[this.#part]![i]! && isReset(now, then) ? 'reset' : 'ok';
  }

  /** Of two cells with status ok. Integers exactly, whatever their size. */
  delta(i: number): number | bigint {
    const now = this.now[i]!;
    const then = this.then[i]!;
    const a = pastNumber(now);
    const b = pastNumber(then);
    if (!isWhole(now) || !isWhole(then)) return a - b;
    // Both exact: so is their difference, up to 2^53 of it.
    if (Math.abs(a) < SAFE && Math.abs(b) < SAFE && Math.abs(a - b) < SAFE) return a - b;
    return pastInteger(now) - pastInteger(then);
  }
}

/** Writes row objects. */
class PairWriter {
  readonly #out: ByteWriter;
  readonly #table: Table;
  readonly #labels: readonly Uint8Array[];
  readonly #int64AsString: boolean;
  #first = true;

  constructor(out: ByteWriter, table: Table, { metrics, int64AsString }: CompareQuery) {
    this.#out = out;
    this.#table = table;
    this.#labels = metrics.map((name) => utf8Bytes(`,${JSON.stringify(name)}:{"now":`));
    this.#int64AsString = int64AsString;
  }

  write(pair: RowPair, part: number, slot: number): void {
    const out = this.#out;
    const { reader } = this.#table.parts[part]!;
    out.ascii(this.#first ? '{"switch_id":' : ',{"switch_id":');
    this.#first = false;
    writeJsonText(out, reader.u8, reader.keyStart(slot), reader.keyLength(slot));
    out.ascii(',"timestamp":');
    writeIsoTime(out, pair.nowMs, true);
    for (let i = 0; i < this.#labels.length; i++) this.#writeMetric(pair, i);
    out.byte(125);
  }

  #writeMetric(pair: RowPair, i: number): void {
    const out = this.#out;
    const status = pair.status(i);
    out.append(this.#labels[i]!);
    writePastCell(out, pair.now[i] ?? MISSING, 'null', this.#int64AsString);
    out.ascii(',"then":');
    writePastCell(out, pair.then[i] ?? MISSING, 'null', this.#int64AsString);
    out.ascii(',"delta":');
    if (status === 'ok') this.#writeDelta(pair.delta(i));
    else out.ascii('null');
    out.ascii(`,"status":"${status}","then_at":`);
    writeIsoTime(out, pair.thenMs, true);
    out.ascii(',"interval_ms":');
    const intervalMs = pair.nowMs - pair.thenMs;
    if (intervalMs === intervalMs) this.#writeDelta(Math.round(intervalMs));
    else out.ascii('null');
    out.byte(125);
  }

  #writeDelta(value: number | bigint): void {
    const out = this.#out;
    if (typeof value === 'bigint') {
      out.ascii(this.#int64AsString ? `"${value}"` : String(value));
      return;
    }
    if (!Number.isFinite(value)) return out.ascii('null');
    out.reserve(NUMBER_BYTES_MAX);
    out.at = putF64(out.u8, out.at, value);
  }
}

interface Ranked {
  readonly part: number;
  readonly slot: number;
  /** NaN without a difference. */
  readonly delta: number;
}

/** All rows of the slice by their difference; those without one last, ties in the slice's order. */
function rank(table: Table, query: CompareQuery, pair: RowPair): Ranked[] {
  const { metric, descending } = query.order!;
  const i = query.metrics.indexOf(metric);
  const ranked: Ranked[] = [];
  visitSlice(table, query.slice, (part, slot) => {
    pair.load(table, part, slot);
    ranked.push({ part, slot, delta: pair.status(i) === 'ok' ? Number(pair.delta(i)) : NaN });
  });
  const sign = descending ? -1 : 1;
  return ranked.sort((a, b) => {
    if (a.delta !== a.delta || b.delta !== b.delta)
      return Number(a.delta !== a.delta) - Number(b.delta !== b.delta);
    return sign * (a.delta - b.delta);
  });
}

/** Encodes a comparison. Throws too_large, unknown_metric or bad_value. */
export function encodeComparison(
  table: Table,
  readers: readonly (HistoryReader | null)[],
  query: CompareQuery,
  bodyBytesMax: number,
): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter(bodyBytesMax, 'MAX_LIST_BYTES', ADVICE);
  const pair = new RowPair(table, readers, query);
  const rows = new PairWriter(out, table, query);
  out.ascii('{"snapshot_id":');
  out.json(table.snapshotId);
  out.ascii(`,"ago_ms":${query.agoMs},"fields":`);
  out.json(query.metrics);
  out.ascii(',"items":[');
  let total: number;
  const visit = (part: number, slot: number): void => {
    pair.load(table, part, slot);
    rows.write(pair, part, slot);
  };
  if (query.order === null) total = visitSlice(table, query.slice, visit);
  else {
    const ranked = rank(table, query, pair);
    total = ranked.length;
    const end = query.limit === null ? total : query.offset + query.limit;
    for (const { part, slot } of ranked.slice(query.offset, end)) visit(part, slot);
  }
  out.ascii(`],"total":${total}}`);
  return out.take();
}

/** The same in a worker. */
export function runComparison({
  table,
  histories,
  query,
  bodyBytesMax,
}: CompareTask): Uint8Array<ArrayBuffer> {
  const readers = histories.map((history) => history && new HistoryReader(history));
  return encodeComparison(Table.open(table), readers, query, bodyBytesMax);
}
