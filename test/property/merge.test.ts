/** Overlapping sources against a naive model: the merged table, and every change of it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changeSets, visitChanges } from '../../src/fabric/changes.js';
import type { Table } from '../../src/fabric/table.js';
import { isValid } from '../../src/snapshot/reader.js';
import { row, TableFixture, type Row } from '../fixtures/tables.js';

const SOURCES = ['x', 'y', 'z'];
const COLUMNS = ['a', 'b'];
type Merged = Map<string, (number | null)[]>;

interface Sample {
  readonly tsMs: number;
  readonly rows: ReadonlyMap<string, readonly (number | null)[]>;
}

/** Newest sample wins, the earlier source on a tie. */
function mergeNaively(samples: ReadonlyMap<string, Sample>): Merged {
  const merged: Merged = new Map();
  const times = new Map<string, number>();
  for (const id of SOURCES) {
    const sample = samples.get(id);
    if (!sample) continue;
    for (const [key, cells] of sample.rows) {
      if ((times.get(key) ?? -1) >= sample.tsMs) continue;
      times.set(key, sample.tsMs);
      merged.set(key, [...cells]);
    }
  }
  return merged;
}

function cellsOf(table: Table, part: number, slot: number): (number | null)[] {
  return COLUMNS.map((name) => {
    const view = table.columnView(table.schema.byName.get(name)!, part)!;
    return isValid(view, slot) ? view.i32[(view.cell0 + slot) * 2]! : null;
  });
}

function readTable(table: Table): Merged {
  const merged: Merged = new Map();
  table.forEachRow((part, slot) => {
    const key = table.keyText(part, slot);
    expect(merged.has(key)).toBe(false);
    merged.set(key, cellsOf(table, part, slot));
    return true;
  });
  return merged;
}

/** What a client does: the changes applied to its old table. */
function applyChanges(client: Merged, table: Table, since: readonly number[]): void {
  const sets = changeSets(table, since);
  if (!sets) throw new Error('the ring does not reach back');
  const columns = COLUMNS.map((name) => table.schema.byName.get(name)!);
  visitChanges(table, sets, columns, null, {
    whole: (part, slot) => client.set(table.keyText(part, slot), cellsOf(table, part, slot)),
    removed: (part, slot) => client.delete(table.keyText(part, slot)),
    cells: (part, slot, changed, count) => {
      const row = client.get(table.keyText(part, slot));
      expect(row).toBeDefined();
      const now = cellsOf(table, part, slot);
      for (let i = 0; i < count; i++) {
        const c = columns.indexOf(changed[i]!);
        row![c] = now[c]!;
      }
    },
  });
}

const cell = fc.option(fc.integer({ min: 0, max: 3 }), { freq: 4 });
const body = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 12 }), cell, cell), {
  selector: ([id]) => id,
  minLength: 1,
  maxLength: 10,
});
const step = fc.record({ source: fc.constantFrom(...SOURCES), tsMs: fc.integer({ min: 1, max: 40 }), body });

describe('several sources', () => {
  test('the merged table and its changes equal those of a naive model', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
        const fixture = new TableFixture({ sources: SOURCES });
        const samples = new Map<string, Sample>();
        const states: { id: string; merged: Merged }[] = [];
        const columns = COLUMNS.map((name) => ({ name, kind: 'i64' as const }));
        for (const { source, tsMs, body: content } of steps) {
          const rows: Row[] = content.map(([id, a, b]) => row(`sw-${id}`, { a, b }));
          const table = fixture.publish(source, rows, { columns, dataTsMs: tsMs });
          samples.set(source, { tsMs, rows: new Map(content.map(([id, a, b]) => [`sw-${id}`, [a, b]])) });
          const merged = mergeNaively(samples);
          expect(readTable(table)).toEqual(merged);
          for (const state of states) {
            const since = fixture.fabric.resolveSince(state.id);
            if (since.kind !== 'diff') continue;
            const client: Merged = new Map([...state.merged].map(([key, cells]) => [key, [...cells]]));
            applyChanges(client, table, since.versions);
            expect(client).toEqual(merged);
          }
          states.push({ id: table.snapshotId, merged });
        }
      }),
      { numRuns: 200 },
    );
  });
});
