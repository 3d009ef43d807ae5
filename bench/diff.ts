/** Question: what does it cost to find which cells differ between two published versions? */
import { changeSets, visitChanges } from '../src/fabric/changes.js';
import type { Table } from '../src/fabric/table.js';
import { recordChanges } from '../src/snapshot/changes.js';
import { interleave, ratioOf, type Bench, type BenchContext, type BenchRow } from './harness.js';
import { inlineJobs, Pipeline } from './parts/pipeline.js';

const COLUMNS = 100;
const WARM_UP_RUNS = 15;
const CHANGED_SHARES = [0.1, 0.01, 0];

/** Counters as a program holds them; some of them move from body to body. */
class Matrix {
  readonly #cells: number[][];
  #state = 1;

  constructor(rows: number) {
    this.#cells = Array.from({ length: rows }, () =>
      Array.from({ length: COLUMNS }, () => Math.floor(this.#random() * 1e6)),
    );
  }

  /** The same in every run. */
  #random(): number {
    this.#state = (Math.imul(this.#state, 1103515245) + 12345) & 0x7fffffff;
    return this.#state / 0x7fffffff;
  }

  /**
   * Moves about `share` of the cells, the first one always: an equal body is not published. Returns
   * each as row * COLUMNS + column, in order.
   */
  move(share: number): number[] {
    const moved: number[] = [];
    this.#cells.forEach((row, r) => {
      for (let c = 0; c < COLUMNS; c++) {
        if (this.#random() >= share && r + c > 0) continue;
        row[c]!++;
        moved.push(r * COLUMNS + c);
      }
    });
    return moved;
  }

  get body(): Uint8Array {
    const names = Array.from({ length: COLUMNS }, (_, c) => `metric_${c}`);
    const lines = this.#cells.map((row, r) => `sw-${r},${row.join(',')}`);
    return Buffer.from(`switch_id,${names.join(',')}\n${lines.join('\n')}\n`);
  }
}

/** The list of changed (row, column) pairs since the version before, for as many as it has room. */
class Pairs {
  readonly #rows: Int32Array;
  readonly #columns: Int32Array;
  count = 0;

  constructor(room: number) {
    this.#rows = new Int32Array(room);
    this.#columns = new Int32Array(room);
  }

  find(table: Table): number {
    const sets = changeSets(
      table,
      table.parts.map(({ bank }) => bank.version - 1),
    );
    if (!sets) throw new Error('BUG: the version before is forgotten');
    this.count = 0;
    visitChanges(
      table,
      sets,
      table.schema.columns.map((_, column) => column),
      null,
      {
        cells: (_, slot, columns, count) => {
          for (let i = 0; i < count; i++) {
            this.#rows[this.count] = slot;
            this.#columns[this.count++] = columns[i]!;
          }
        },
        whole: () => {
          throw new Error('a row is new, of rows that were all there');
        },
        removed: () => {
          throw new Error('a row is gone');
        },
      },
    );
    return this.count;
  }

  /** Throws unless these are exactly the cells that moved. */
  check(moved: readonly number[]): void {
    const found = Array.from({ length: this.count }, (_, i) => this.#rows[i]! * COLUMNS + this.#columns[i]!);
    found.sort((a, b) => a - b);
    if (JSON.stringify(found) === JSON.stringify(moved)) return;
    throw new Error(`${this.count} changes were found where ${moved.length} cells moved`);
  }
}

async function run({ smoke, rounds, note }: BenchContext): Promise<BenchRow[]> {
  const rows = smoke ? 200 : 10_000;
  const cells = rows * COLUMNS;
  const results: BenchRow[] = [];
  for (const share of CHANGED_SHARES) {
    const matrix = new Matrix(rows);
    const pipeline = new Pipeline(inlineJobs);
    await pipeline.publish(pipeline.receive(matrix.body));
    const moved = matrix.move(share);
    await pipeline.publish(pipeline.receive(matrix.body));
    const { table } = pipeline;
    const [part] = table.parts;
    const pairs = new Pairs(cells);
    pairs.find(table);
    pairs.check(moved);
    note(`${moved.length} of ${cells} cells differ: each was found, and no other`);
    const bank = new Uint8Array(cells * 8).fill(1);
    const copy = new Uint8Array(cells * 8);
    const recordAll = (): number => recordChanges(part!.ref.segment, part!.bank.version).changedCells;
    // Both are compiled after some calls, which a daemon has had after its first minute.
    for (let i = 0; i < WARM_UP_RUNS && !smoke; i++) {
      recordAll();
      pairs.find(table);
    }
    const [record, find, memcpy] = await interleave(rounds, [
      { name: 'record', run: recordAll },
      { name: 'find', run: () => pairs.find(table) },
      { name: 'memcpy', run: () => copy.set(bank) },
    ]);
    const what = share === 0 ? 'next to none changed' : `${share * 100} % changed`;
    const against = 'memcpy of a bank';
    const perCell = (ms: number): number => (ms * 1e6) / cells;
    results.push(
      {
        what: `${what}: bitmaps written at publish, per cell`,
        value: perCell(record!.medianMs),
        unit: 'ns',
        against,
        ratio: ratioOf(record!, memcpy!),
      },
      {
        what: `${what}: list of changed cells, per cell`,
        value: perCell(find!.medianMs),
        unit: 'ns',
        against,
        ratio: ratioOf(find!, memcpy!),
      },
      { what: `${what}: both, per cell`, value: perCell(record!.medianMs + find!.medianMs), unit: 'ns' },
    );
  }
  return results;
}

export const bench: Bench = {
  name: 'diff',
  question: 'What does it cost to find the cells that differ between two versions of a million?',
  run,
};
