/** What the served table must be at each version, worked out naively from the bodies published. */
import type { Fabric } from '../../src/fabric/fabric.js';
import { formatSnapshotId } from '../../src/model/ids.js';
import { HELD_MS_MIN } from '../../src/model/limits.js';
import type { ColumnKind, ColumnSpec } from '../../src/model/schema.js';
import { valueOf } from '../fixtures/csv-oracle.js';
import { parseExact, type LiveValue } from '../fixtures/live-client.js';
import { ALL, encode, texts } from '../fixtures/live-frames.js';
import { differences } from '../fixtures/live-selections.js';
import type { Truth } from '../fixtures/live-world.js';
import { MergeModel, type Sample } from '../fixtures/merge-model.js';
import type { SimBody } from './sim-bodies.js';
import type { FilledFrom } from './sim-jobs.js';
import type { SimReport } from './sim-report.js';

type KindCells = ReadonlyMap<string, { readonly kind: ColumnKind; readonly value: LiveValue }>;

interface Place {
  readonly buffer: SharedArrayBuffer;
  readonly version: number;
}

export class SimTruth {
  /** By fabric version. */
  readonly truths = new Map<number, Truth>();
  /** Every body that any upstream has made, by its text: equal texts say the same. */
  readonly bodies = new Map<string, SimBody>();
  readonly #fabric: Fabric;
  readonly #filled: ReadonlyMap<SharedArrayBuffer, FilledFrom>;
  readonly #report: SimReport;
  readonly #model: MergeModel<KindCells>;
  readonly #columns = new Map<string, readonly ColumnSpec[]>();
  readonly #places = new Map<string, Place>();

  constructor(fabric: Fabric, filled: ReadonlyMap<SharedArrayBuffer, FilledFrom>, report: SimReport) {
    this.#fabric = fabric;
    this.#filled = filled;
    this.#report = report;
    const { maxStaleMs } = fabric.sources[0]!;
    this.#model = new MergeModel(
      fabric.sources.map(({ id }) => id),
      Math.max(HELD_MS_MIN, maxStaleMs),
    );
    fabric.onPublish(() => this.#published());
  }

  at(snapshotId: string): Truth | undefined {
    const version = Number(snapshotId.split('-')[1]);
    return snapshotId === formatSnapshotId(this.#fabric.boot, version) ? this.truths.get(version) : undefined;
  }

  get current(): Truth | undefined {
    return this.truths.get(this.#fabric.version);
  }

  #published(): void {
    const { version } = this.#fabric;
    const report = this.#report;
    report.check(version === this.truths.size + 1, () => `fabric version ${version} is not the next one`);
    const sourceId = this.#moved();
    const { ref, segment } = this.#fabric.mounted(sourceId)!;
    const from = this.#filled.get(segment.ref.buffer);
    const body = from && this.bodies.get(from.text);
    if (!from || !body) return report.broken(`${sourceId} published what no upstream ever sent`);
    const { columns } = ref.segment.spec;
    this.#columns.set(sourceId, columns);
    const { heldRows } = this.#model;
    this.#model.publish(sourceId, samplesOf(body, columns, from), from.receivedAtMs, (cells) => {
      const holds = (name: string, kind: ColumnKind): boolean =>
        columns.some((column) => column.name === name && column.kind === kind);
      return new Map([...cells].filter(([name, { kind }]) => holds(name, kind)));
    });
    if (this.#model.heldRows > heldRows) report.note('rows held');
    this.truths.set(version, this.#merged());
    report.trace(
      () => `publish ${version} by ${sourceId}, version ${ref.version} of generation ${ref.generation}`,
    );
    this.#compare();
  }

  /** The source whose bank is another than before. */
  #moved(): string {
    const moved = this.#fabric.sources.flatMap(({ id }) => {
      const now = this.#fabric.mounted(id);
      if (!now) return [];
      const { buffer } = now.segment.ref;
      const { version } = now.ref;
      const before = this.#places.get(id);
      if (before?.version === version && before.buffer === buffer) return [];
      this.#report.check(version > (before?.version ?? 0), () => `${id} went back to version ${version}`);
      this.#places.set(id, { buffer, version });
      return [id];
    });
    this.#report.check(moved.length === 1, () => `one publish moved ${moved.length} sources`);
    return moved[0]!;
  }

  #merged(): Truth {
    const fields = [
      ...new Set(
        this.#fabric.sources.flatMap(({ id }) => (this.#columns.get(id) ?? []).map(({ name }) => name)),
      ),
    ];
    const rows = new Map<string, Map<string, LiveValue>>();
    for (const key of this.#model.keys()) {
      const cells = new Map<string, LiveValue>(fields.map((field) => [field, null]));
      for (const [name, { value }] of this.#model.shown(key)!.cells) cells.set(name, value);
      rows.set(key, cells);
    }
    return { fields, rows };
  }

  /** The whole served table, as a reader gets it. */
  #compare(): void {
    const { fields, rows } = this.current!;
    const table = this.#fabric.table!;
    const [text] = texts(encode(table, ALL, null, { partBytes: Infinity }));
    const served = parseExact(`{${text}`) as { fields: string[]; rows: [string, ...LiveValue[]][] };
    this.#report.check(String(served.fields) === String(fields), () => `fields ${served.fields} / ${fields}`);
    const asRows = new Map(
      served.rows.map(([key, ...values]) => [
        key,
        new Map(served.fields.map((name, i) => [name, values[i]!])),
      ]),
    );
    const wrong = differences(asRows, rows as Map<string, Map<string, LiveValue>>);
    this.#report.check(
      wrong.length === 0,
      () => `the table of ${table.snapshotId}: ${wrong.slice(0, 3).join('; ')}`,
    );
    const { rowsTotal } = table;
    this.#report.check(
      rowsTotal === rows.size,
      () => `${rowsTotal} rows are counted, ${rows.size} are there`,
    );
  }
}

function samplesOf(
  body: SimBody,
  columns: readonly ColumnSpec[],
  { snapshotTsMs, receivedAtMs }: FilledFrom,
): Map<string, Sample<KindCells>> {
  const sampleMs = Math.min(snapshotTsMs, receivedAtMs);
  const samples = new Map<string, Sample<KindCells>>();
  for (const [key, cells] of body.rows) {
    const own = columns.map(({ name, kind }) => {
      return [name, { kind, value: valueOf(cells.get(name)!, kind === 'text') }] as const;
    });
    const times = { timeMs: snapshotTsMs, sampleMs, held: false, heldSinceMs: NaN };
    samples.set(key, { cells: new Map(own), ...times });
  }
  return samples;
}
