/** The body of GetMetric, composed as bytes: what changes least is written once and kept. */
import type { Table } from '../fabric/table.js';
import type { RateView } from '../model/rates.js';
import type { LocatedMetric } from '../query/get-metric.js';
import { RateCell, rateAt } from '../snapshot/rate.js';
import { ByteWriter, utf8Bytes } from './bytes.js';
import { writeJsonCell, writePlainCell } from './cell.js';
import { NUMBER_BYTES_MAX, putF64 } from './digits.js';
import { writeInterval, writeRateJson, writeRatePlain } from './rate-cell.js';
import { writeIsoTime, writeSeconds } from './time.js';

/** `full` is weft's own body (docs/endpoints.md); the others are those of the earlier systems. */
export type MetricShape = 'full' | 'page' | 'map' | 'envelope';

/** Members before the value, by shape. */
const NAMES: Record<MetricShape, { readonly id: readonly string[]; readonly metric: readonly string[] }> = {
  full: { id: ['switch_id', 'switch'], metric: ['metric', 'metric_name'] },
  page: { id: ['switch_id'], metric: ['metric_name'] },
  map: { id: ['switch'], metric: ['metric'] },
  envelope: { id: ['switch_id'], metric: ['metric'] },
};

/** `{"switch_id":"sw-000","switch":"sw-000","metric":"cpu","metric_name":"cpu","value":` */
function headOf(located: LocatedMetric, shape: MetricShape): Uint8Array {
  if (located.head && located.headShape === shape) return located.head;
  const { switchId, metric } = located.request;
  const members = [
    ...NAMES[shape].id.map((name) => `"${name}":${JSON.stringify(switchId)}`),
    ...NAMES[shape].metric.map((name) => `"${name}":${JSON.stringify(metric)}`),
  ];
  located.head = utf8Bytes(`{${members.join(',')},"value":`);
  located.headShape = shape;
  return located.head;
}

/** What stands between the value and the age: the same for all rows of one time and snapshot. */
class Middle {
  #shape: MetricShape = 'full';
  #timeMs = NaN;
  #snapshotId = '';
  #bytes = utf8Bytes('');

  of(shape: MetricShape, timeMs: number, snapshotId: string): Uint8Array {
    if (timeMs === this.#timeMs && snapshotId === this.#snapshotId && shape === this.#shape) {
      return this.#bytes;
    }
    const out = new ByteWriter(1024, 'a metric body', '', 128);
    if (shape !== 'envelope') out.ascii(',"timestamp":');
    if (shape === 'map') writeSeconds(out, timeMs);
    else if (shape !== 'envelope') writeIsoTime(out, timeMs, true);
    if (shape === 'full' || shape === 'envelope') out.ascii(`,"snapshot_id":"${snapshotId}","age_ms":`);
    this.#shape = shape;
    this.#timeMs = timeMs;
    this.#snapshotId = snapshotId;
    this.#bytes = out.copy();
    return this.#bytes;
  }
}

const middle = new Middle();
const rate = new RateCell();
const BODY_END = 125;

/** Appends the JSON body of a cell that is in `table` (LocatedMetric.stillIn). */
export function writeMetricBody(
  out: ByteWriter,
  table: Table,
  located: LocatedMetric,
  shape: MetricShape,
  ageMs: number,
): void {
  const { part, slot } = located;
  const { reader, bank } = table.parts[part]!;
  const { view, int64AsString } = located.request;
  out.append(headOf(located, shape));
  if (view !== null) writeRateMembers(out, table, located, view);
  else writeJsonCell(out, reader, table.columnView(located.column, part), slot, int64AsString);
  out.append(middle.of(shape, reader.rowTimeMs(bank, slot), table.snapshotId));
  out.reserve(NUMBER_BYTES_MAX + 1);
  if (shape === 'full' || shape === 'envelope') out.at = putF64(out.u8, out.at, ageMs);
  out.byte(BODY_END);
}

function readRate(table: Table, { part, slot, column }: LocatedMetric, view: RateView): RateCell {
  const { reader, bank } = table.parts[part]!;
  rateAt(reader, bank, table.columnView(column, part), slot, view, rate);
  return rate;
}

/** `5,"view":"delta","status":"ok","since":"2026-01-01T12:00:00.000Z","interval_ms":30000` */
function writeRateMembers(out: ByteWriter, table: Table, located: LocatedMetric, view: RateView): void {
  const { status, sinceMs, intervalMs } = readRate(table, located, view);
  writeRateJson(out, rate, located.request.int64AsString);
  out.ascii(`,"view":"${view}","status":"${status}","since":`);
  writeIsoTime(out, sinceMs, true);
  out.ascii(',"interval_ms":');
  writeInterval(out, intervalMs);
}

/** Appends the bare value: digits, text, or `null`; of a delta or rate that has none, nothing. */
export function writeMetricText(out: ByteWriter, table: Table, located: LocatedMetric): void {
  const { view } = located.request;
  if (view !== null) return writeRatePlain(out, readRate(table, located, view));
  const { reader } = table.parts[located.part]!;
  writePlainCell(out, reader, table.columnView(located.column, located.part), located.slot);
}
