/** Overlapping sources against a naive model: the merged table, and every change of it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changeSets, visitChanges } from '../../src/fabric/changes.js';
import type { Table } from '../../src/fabric/table.js';
import { HELD_MS_MIN } from '../../src/model/limits.js';
import { isValid } from '../../src/snapshot/reader.js';
import { MergeModel, type Sample, type Shown } from '../fixtures/merge-model.js';
import { row, TableFixture, type Row } from '../fixtures/tables.js';

const SOURCES = ['x', 'y', 'z'];
const COLUMNS = ['a', 'b'];
const columns = COLUMNS.map((name) => ({ name, kind: 'i64' as const }));
type Merged = Map<string, (number | null)[]>;

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

/** What a client does: the changes applied to its old table. Returns the cells that were sent. */
function applyChanges(client: Merged, table: Table, since: readonly number[]): number {
  const sets = changeSets(table, since);
  if (!sets) throw new Error('the ring does not reach back');
  const selected = COLUMNS.map((name) => table.schema.byName.get(name)!);
  let sent = 0;
  visitChanges(table, sets, selected, null, {
    whole: (part, slot) => {
      sent += COLUMNS.length;
      client.set(table.keyText(part, slot), cellsOf(table, part, slot));
    },
    removed: (part, slot) => client.delete(table.keyText(part, slot)),
    cells: (part, slot, changed, count) => {
      const known = client.get(table.keyText(part, slot));
      expect(known).toBeDefined();
      const now = cellsOf(table, part, slot);
      sent += count;
      for (let i = 0; i < count; i++) {
        const c = selected.indexOf(changed[i]!);
        known![c] = now[c]!;
      }
    },
  });
  return sent;
}

const cell = fc.option(fc.integer({ min: 0, max: 3 }), { freq: 4 });
/** Row times around the moment of receipt: late, on time, ahead. */
const lagMs = fc.option(fc.integer({ min: -60, max: 30 }), { freq: 2 });
const body = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 12 }), cell, cell, lagMs), {
  selector: ([id]) => id,
  minLength: 1,
  maxLength: 10,
});
const step = fc.record({
  // One more often than the others: it has to come twice with nobody between to see a row let go.
  source: fc.constantFrom(...SOURCES, 'x', 'x'),
  elapsedMs: fc.integer({ min: 0, max: 20 }),
  /** The source's own time of the data against ours. */
  skewMs: fc.integer({ min: -30, max: 15 }),
  newGeneration: fc.integer({ min: 0, max: 15 }).map((n) => n === 0),
  clockSetBack: fc.integer({ min: 0, max: 25 }).map((n) => n === 0),
  /** Long, some of them: what is held is held no longer. */
  pauseMs: fc.constantFrom(0, 0, 0, 30_000, 61_000),
  /** Other keys than ever before: slots are added. */
  churn: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  body,
});
const plan = fc.record({
  timed: fc.subarray(SOURCES),
  steps: fc.array(step, { minLength: 1, maxLength: 30 }),
});
type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;
type Step = Plan['steps'][number];

/** One run: the real table and the model beside it. */
class Run {
  readonly fixture = new TableFixture({ sources: SOURCES });
  readonly model = new MergeModel<readonly (number | null)[]>(SOURCES);
  readonly states: { id: string; merged: Merged }[] = [];
  readonly #timed: ReadonlySet<string>;
  #nowMs = 1000;
  #keys = 100;

  constructor(timed: readonly string[]) {
    this.#timed = new Set(timed);
  }

  step({
    source,
    elapsedMs,
    skewMs,
    newGeneration,
    clockSetBack,
    churn,
    pauseMs,
    body: content,
  }: Step): void {
    this.#nowMs += clockSetBack ? -40 : elapsedMs;
    this.#nowMs += pauseMs;
    const receivedAtMs = this.#nowMs;
    const dataTsMs = receivedAtMs + skewMs;
    const rows: Row[] = content.map(([id, a, b, lag]) =>
      row(`sw-${id}`, { a, b }, this.#timed.has(source) && lag !== null ? receivedAtMs + lag : undefined),
    );
    if (churn) rows.push(row(`sw-${this.#keys++}`, { a: 1, b: null }));
    const samples = new Map<string, Sample<readonly (number | null)[]>>();
    for (const { id, cells, timeMs = dataTsMs } of rows) {
      const values = COLUMNS.map((name) => cells[name] as number | null);
      samples.set(id, {
        cells: values,
        timeMs,
        sampleMs: Math.min(timeMs, receivedAtMs),
        held: false,
        heldSinceMs: NaN,
      });
    }
    const before = new Map(this.model.keys().map((key) => [key, this.model.shown(key)!]));
    const table = this.fixture.publish(source, rows, { columns, dataTsMs, receivedAtMs, newGeneration });
    this.model.publish(source, samples, receivedAtMs);
    this.#neverBack(before, source, receivedAtMs);
    this.#compare(table);
    this.#compareChanges(table);
  }

  /** An older sample is shown only when nobody else holds the row, it was held long, or the clock was set back. */
  #neverBack(before: ReadonlyMap<string, Shown<unknown>>, source: string, receivedAtMs: number): void {
    for (const [key, then] of before) {
      const now = this.model.shown(key);
      if (!now || now.sampleMs >= then.sampleMs || then.sampleMs > receivedAtMs) continue;
      if (then.held && receivedAtMs - then.heldSinceMs > HELD_MS_MIN) continue;
      expect([key, this.model.holders(key)]).toEqual([key, [source]]);
    }
  }

  #compare(table: Table): void {
    const at = { part: -1, slot: -1 };
    const same = { part: -1, slot: -1 };
    const keys = this.model.keys();
    expect([...readTable(table).keys()].sort()).toEqual([...keys].sort());
    for (const key of keys) {
      const shown = this.model.shown(key)!;
      expect(table.find(key, at)).toBe(true);
      const { reader, bank, ref } = table.parts[at.part]!;
      const found = {
        source: ref.sourceId,
        cells: cellsOf(table, at.part, at.slot),
        timeMs: reader.rowTimeMs(bank, at.slot),
        sampleMs: reader.sampleMs(bank, at.slot),
        held: reader.isHeld(bank, at.slot),
        heldSinceMs: reader.heldSinceMs(bank, at.slot),
      };
      expect([key, found]).toEqual([key, { ...shown, cells: [...shown.cells] }]);
      for (const [p, part] of table.parts.entries()) {
        const slot = part.reader.findKey(key);
        if (slot < 0) continue;
        expect(table.findSame(p, slot, same)).toBe(true);
        expect(same).toEqual(at);
        const first = table.parts.findIndex((one) => one.ref.sourceId === this.model.holders(key)[0]);
        expect(table.standingPart(p, slot)).toBe(first);
        if (this.model.holders(key).length > 1) expect(table.isShared(p, slot)).toBe(true);
      }
    }
    expect(table.find('sw-999', at)).toBe(false);
    expect(table.rowsTotal).toBe(keys.length);
    expect(table.sharedRows).toBe(keys.filter((key) => this.model.holders(key).length > 1).length);
    expect(this.fixture.heldRows).toBe(this.model.heldRows);
  }

  #compareChanges(table: Table): void {
    const merged = readTable(table);
    for (const state of this.states) {
      const since = this.fixture.fabric.resolveSince(state.id);
      if (since.kind !== 'diff') continue;
      const client: Merged = new Map([...state.merged].map(([key, cells]) => [key, [...cells]]));
      applyChanges(client, table, since.versions);
      expect(client).toEqual(merged);
    }
    this.states.push({ id: table.snapshotId, merged });
  }
}

describe('several sources', () => {
  test('the merged table and its changes equal those of a naive model', () => {
    let held = 0;
    let released = 0;
    fc.assert(
      fc.property(plan, ({ timed, steps }) => {
        const run = new Run(timed);
        for (const one of steps) run.step(one);
        held += run.fixture.heldRows;
        released += run.model.released;
      }),
      { numRuns: 300 },
    );
    // The runs mean something.
    expect(held).toBeGreaterThan(100);
    expect(released).toBeGreaterThan(0);
  });
});
