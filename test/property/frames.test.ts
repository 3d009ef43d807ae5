/**
 * Frames by blocks, with what is remembered of a selection, are those that are written row by row and
 * looked up anew, to the byte: snapshots and diffs, cut into parts anywhere.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changeSets } from '../../src/fabric/changes.js';
import type { Table } from '../../src/fabric/table.js';
import { parsePatterns } from '../../src/query/selector.js';
import { ALL_ROWS, visitSlice } from '../../src/query/slice.js';
import { ChangeBlocks } from '../../src/view/change-blocks.js';
import { encodeFrame, type FrameResult } from '../../src/view/frame.js';
import { FrameCells } from '../../src/view/frame-cells.js';
import { visitSelected } from '../../src/view/frame-changes.js';
import { frameColumns } from '../../src/view/frame-columns.js';
import { DiffWriter } from '../../src/view/frame-diff.js';
import { FrameParts, type FrameLimits } from '../../src/view/frame-parts.js';
import { RowWriter } from '../../src/view/frame-rows.js';
import type { FrameSelection } from '../../src/view/frame-selection.js';
import { ALL, LIMITS, versions } from '../fixtures/live-frames.js';
import { Dice } from '../fixtures/live-world.js';
import { row, TableFixture, type Cell, type Row } from '../fixtures/tables.js';

const TEXTS = [
  '',
  'up',
  'a "b"',
  'ü\u0001',
  'x'.repeat(9000),
  'long enough for more than one step of the copy',
];
/** Keys are escaped sixteen bytes at a time. */
const KEY_ENDS = [
  '',
  '',
  '"',
  '\\x',
  '\n\t\u0001\u001fend',
  '-a key of more than thirty-two bytes, "quoted"',
  'é\b\f\r',
  'x\u001f',
];
const KINDS = ['i64', 'u64', 'f64', 'mixed', 'text'] as const;
const COLUMNS = Array.from({ length: 9 }, (_, c) => ({
  name: c === 4 ? 'a "name"' : `column_${'x'.repeat(c * 5)}${c}`,
  kind: KINDS[c % KINDS.length]!,
}));

function cellOf(kind: (typeof KINDS)[number], dice: Dice): Cell {
  if (dice.below(6) === 0) return null;
  const small = dice.below(100_000);
  const huge = 2n ** 62n + BigInt(small);
  if (kind === 'text') return TEXTS[dice.below(dice.below(20) === 0 ? TEXTS.length : 4)]!;
  if (kind === 'f64') return dice.below(2) ? small / 1000 : small * 1e-12;
  if (kind === 'u64') return dice.below(2) ? huge * 3n : small;
  if (kind === 'i64') return dice.below(2) ? -huge : -small;
  return dice.below(2) ? small / 8 : huge;
}

function cellsOf(dice: Dice): Record<string, Cell> {
  return Object.fromEntries(COLUMNS.map(({ name, kind }) => [name, cellOf(kind, dice)]));
}

function keyOf(i: number, dice: Dice): string {
  return `sw-${i % 2}${i}${KEY_ENDS[dice.below(KEY_ENDS.length)]}`;
}

/** Some of the rows with some other cells; rows come and go. */
function nextRows(rows: readonly Row[], dice: Dice, changePct: number): Row[] {
  const kept = rows.filter(() => dice.below(40) > 0);
  const next = kept.map(({ id, cells }) => {
    const changed = Object.entries(cellsOf(dice)).filter(() => dice.below(100) < changePct);
    return row(id, { ...cells, ...Object.fromEntries(changed) });
  });
  for (let i = dice.below(4); i > 0; i--) next.push(row(keyOf(dice.below(900), dice), cellsOf(dice)));
  return [...new Map(next.map((one) => [one.id, one])).values()];
}

function selectionOf(rows: readonly Row[], dice: Dice): FrameSelection {
  const some = rows.filter(() => dice.below(3) === 0).map(({ id }) => id.replace(/[\\*]/g, '\\$&'));
  const switches = [null, ['sw-1*'], [...some, 'nobody'], ['sw-0*', ...some]][dice.below(4)]!;
  const names = COLUMNS.map(({ name }) => name).filter(() => dice.below(4) > 0);
  const metrics = dice.below(3) === 0 || names.length === 0 ? null : names.reverse();
  const int64AsString = dice.below(2) === 0;
  return { ...ALL, rows: switches && parsePatterns(switches, 'switches'), metrics, int64AsString };
}

interface Written {
  readonly parts: readonly string[];
  readonly counts: readonly number[];
}

function written(parts: FrameParts, { rows, cells, keyBytes, valueBytes }: RowWriter): Written {
  const texts = parts.finish().map((part) => new TextDecoder().decode(part));
  return { parts: texts, counts: [rows, cells, keyBytes, valueBytes] };
}

function snapshotByRows(table: Table, selection: FrameSelection, limits: FrameLimits): Written {
  const { columns, names, json } = frameColumns(table.schema, selection, undefined);
  const head = `"snapshot_id":${JSON.stringify(table.snapshotId)},"fields":${json},"rows":[`;
  const parts = new FrameParts(head, false, limits);
  const writer = new RowWriter(table, columns, selection.int64AsString, names);
  visitSlice(table, { ...ALL_ROWS, rows: selection.rows }, (part, slot) => {
    parts.row();
    writer.writeArray(parts.out, part, slot);
  });
  return written(parts, writer);
}

function diffBy(
  how: 'rows' | 'blocks',
  table: Table,
  selection: FrameSelection,
  since: number[],
  limits: FrameLimits,
): Written {
  const of = frameColumns(table.schema, selection, undefined);
  const { int64AsString } = selection;
  const parts = new FrameParts(`"snapshot_id":${JSON.stringify(table.snapshotId)},"changes":[`, true, limits);
  const writer = new RowWriter(table, of.columns, int64AsString, of.names);
  const blocks =
    how === 'rows'
      ? null
      : new ChangeBlocks(parts, writer, new FrameCells(table, of, int64AsString), of, int64AsString);
  const changes = new DiffWriter(parts, writer, of.columns, blocks, () => Infinity);
  visitSelected(table, changeSets(table, since)!, of.columns, selection.rows, null, changes);
  changes.end();
  return written(parts, writer);
}

/** With its bytes as text, which is compared much faster. */
function textsOf(frame: FrameResult): object {
  if (!frame.ok) return frame;
  return { ...frame, parts: frame.parts.map((part) => new TextDecoder().decode(part)) };
}

let keys = 0;

test('frames by blocks are frames by rows', () => {
  const seen = { snapshots: 0, diffs: 0, parts: 0 };
  const run = fc.property(
    fc.nat(),
    fc.integer({ min: 1, max: 300 }),
    fc.boolean(),
    (seed, count, isMerged) => {
      const dice = new Dice(seed);
      const fixture = new TableFixture({ sources: isMerged ? ['s1', 's2'] : ['s1'] });
      let rows = Array.from({ length: count }, (_, i) => row(keyOf(i, dice), cellsOf(dice)));
      const selections = Array.from({ length: 4 }, () => ({
        key: `p${++keys}`,
        one: selectionOf(rows, dice),
      }));
      if (isMerged) fixture.publish('s2', rows.slice(count >> 1), { columns: COLUMNS });
      let table = fixture.publish('s1', rows, { columns: COLUMNS });
      for (let step = 0; step < 3; step++) {
        const limits = { ...LIMITS, partBytes: [100, 1000, 20_000, LIMITS.partBytes][dice.below(4)]! };
        const since = versions(table);
        rows = nextRows(rows, dice, [3, 30, 100][dice.below(3)]!);
        table = fixture.publish('s1', rows, { columns: COLUMNS });
        for (const { key, one } of selections) {
          const snapshot = encodeFrame(table, one, null, limits, key);
          if (!snapshot.ok) throw new Error(snapshot.message);
          const texts = snapshot.parts.map((part) => new TextDecoder().decode(part));
          expect(texts).toEqual(snapshotByRows(table, one, limits).parts);
          const from = { versions: since, members: null };
          const diff = encodeFrame(table, one, from, limits, key);
          expect(textsOf(diff)).toEqual(textsOf(encodeFrame(table, one, from, limits)));
          const byRows = diffBy('rows', table, one, since, limits);
          expect(diffBy('blocks', table, one, since, limits)).toEqual(byRows);
          seen.snapshots++;
          seen.parts += texts.length;
          if (diff.ok && diff.kind === 'diff' && !diff.empty) seen.diffs++;
        }
      }
    },
  );
  fc.assert(run, { seed: 20260102, numRuns: 40 });
  expect(seen.diffs).toBeGreaterThan(50);
  expect(seen.parts).toBeGreaterThan(seen.snapshots);
}, 120_000);
