/** What every View must hold (src/view/view.ts). Run by view.test.ts for each one registered. */
import { describe, expect, it } from 'vitest';
import type { Table } from '../../src/fabric/table.js';
import { listSelection, type ListSelection } from '../../src/query/list-query.js';
import { parseWhere } from '../../src/query/where.js';
import { ByteWriter } from '../../src/view/bytes.js';
import { encodePages } from '../../src/view/encode-pages.js';
import { Listing } from '../../src/view/listing.js';
import type { Tail, View } from '../../src/view/view.js';
import { row, TableFixture, type Cell, type Row } from '../fixtures/tables.js';

/** A row as a reader of the body finds it: texts of cells, null where missing. */
export interface ReadRow {
  readonly id: string;
  readonly cells: Readonly<Record<string, string | null>>;
}

export interface ViewCase {
  readonly view: View;
  /** Reads rows back from a whole body; `end` is what the tail would add, empty without one. */
  readonly read: (body: string) => readonly ReadRow[];
  /** Rows come by key rather than in the table's order. */
  readonly byKey?: boolean;
  /** Only one column a body. */
  readonly oneColumn?: boolean;
  /** Text that begins like a formula comes out behind an apostrophe. */
  readonly guardsFormulas?: boolean;
  /** Why there is nothing to read back. */
  readonly noRows?: string;
}

const NASTY = [
  'plain',
  'q"u\\o',
  'a,b',
  'l1\nl2',
  'cr\rlf\r\n',
  '=cmd()',
  'ü😀\u2028',
  '\u0000\u001f',
  ' ',
  '-1',
];
const BIG: Cell[] = [2n ** 63n, -(2n ** 62n), 2n ** 53n + 1n, 0, -1, 0.5, 1e-7, 123.456, 34.1, null];

function rowsOf(count: number): Row[] {
  return Array.from({ length: count }, (_, i) =>
    row(`${NASTY[i % NASTY.length]}-${(i * 7919) % count}`, {
      mixed: BIG[i % BIG.length]!,
      text: i % 4 === 3 ? null : NASTY[i % NASTY.length]!,
      count: i % 5 === 4 ? null : i * 1000,
    }),
  );
}

function text(cell: Cell): string | null {
  return cell === null ? null : String(cell);
}

interface Encoded {
  readonly body: string;
  readonly tail: Tail | null;
  readonly sourceIds: readonly string[];
}

/** What the main thread adds to a body. */
function endOf(tail: Tail | null): string {
  if (tail === null) return '';
  return tail.aged ? `,"total":${tail.total},"age_ms":1}` : '}';
}

/** Encodes behind `before`, and ends the body as the main thread would. */
function encodeView(view: View, table: Table, selection: ListSelection, before = ''): Encoded {
  const listing = new Listing(
    table,
    selection,
    table.parts.map(() => 1),
  );
  const out = new ByteWriter(1e8, 'X', '', 3);
  out.utf8(before);
  const start = out.at;
  const tail = view.encode(listing, out);
  const body = Buffer.from(out.result().subarray(start)).toString() + endOf(tail);
  return { body, tail, sourceIds: listing.sourceIds };
}

export function runViewCase({ view, read, ...traits }: ViewCase): void {
  const fields = traits.oneColumn ? ['mixed'] : ['text', 'mixed', 'count'];
  const select = (given: Partial<Omit<ListSelection, 'key'>> = {}): ListSelection =>
    listSelection({ shape: view.shape, fields, ...given });
  const guarded = (one: string): string =>
    traits.guardsFormulas && /^[=+\-@\t\r]/.test(one) && Number.isNaN(Number(one)) ? `'${one}` : one;

  function expected(rows: readonly Row[], offset = 0, limit = Infinity, sorted = false): ReadRow[] {
    const ordered =
      traits.byKey && !sorted
        ? [...rows].sort((a, b) => Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)))
        : rows;
    return ordered.slice(offset, offset + limit).map(({ id, cells }) => ({
      id: guarded(id),
      cells: Object.fromEntries(
        fields.map((name) => {
          const value = text(cells[name] ?? null);
          return [name, value === null ? null : guarded(value)];
        }),
      ),
    }));
  }

  describe(`the ${view.shape} view`, () => {
    const rows = rowsOf(200);
    const table = new TableFixture().publish('s1', rows);

    it('has a media type, and is registered under its shape', () => {
      expect(view.mediaType).toMatch(/^[a-z]+\/[a-z-]+(?:; charset=utf-8)?$/);
    });

    it('gives the same bytes for the same listing, whatever stands before them', () => {
      const first = encodeView(view, table, select());
      expect(encodeView(view, table, select())).toEqual(first);
      expect(encodeView(view, table, select(), 'ünrelated')).toEqual(first);
      encodeView(view, table, select({ limit: 1, fields: ['mixed'] }));
      expect(encodeView(view, table, select())).toEqual(first);
    });

    it('lets too_large pass', () => {
      const listing = new Listing(table, select(), [1]);
      const out = new ByteWriter(50, 'MAX_LIST_BYTES', '', 16);
      const run = (): unknown => [view.encode(listing, out), out.result()];
      expect(run).toThrowError(expect.objectContaining({ code: 'too_large' }));
    });

    if (traits.noRows !== undefined) return;

    it('reads back as the cells that were published: missing missing, every digit there', () => {
      expect(read(encodeView(view, table, select()).body)).toEqual(expected(rows));
    });

    it('reads back in any range', () => {
      for (const [offset, limit] of [
        [0, 1],
        [3, 10],
        [199, 5],
        [200, 5],
        [0, 200],
      ] as const) {
        const { body, tail } = encodeView(view, table, select({ offset, limit }));
        expect(read(body)).toEqual(expected(rows, offset, limit));
        if (tail) expect(tail.total).toBe(rows.length);
      }
    });

    it('reads back filtered and sorted', () => {
      const where = parseWhere("count ge 5000 and text ne 'plain'", 'where');
      const sort = [{ field: 'count', descending: true }];
      const admitted = rows.filter(
        ({ cells }) => cells['text'] !== 'plain' && cells['text'] !== null && Number(cells['count']) >= 5000,
      );
      const ordered = [...admitted].sort((a, b) => Number(b.cells['count']) - Number(a.cells['count']));
      const { body, tail } = encodeView(view, table, select({ where, sort, limit: 20 }));
      expect(read(body)).toEqual(expected(ordered.slice(0, 20), 0, Infinity, true));
      if (tail) expect(tail.total).toBe(admitted.length);
    });

    it('reads back in pages of a cursor, each a whole body', () => {
      const order = { selection: select({ limit: 33 }), listBytesMax: 1e8, cursorBytesMax: 1e8, agesMs: [1] };
      const { bytes, ends, tail } = encodePages(table, order);
      const bodies = ends.map((end, i) => Buffer.from(bytes.subarray(ends[i - 1] ?? 0, end)).toString());
      expect(bodies.length).toBe(7);
      expect(bodies.flatMap((body) => read(body + endOf(tail)))).toEqual(expected(rows));
    });

    it('reads back after rows vanished, appeared and changed', () => {
      const fixture = new TableFixture();
      fixture.publish('s1', rows);
      const kept = rows.filter((_, i) => i % 3 !== 0);
      const added = row('new', { mixed: 7, text: 'new', count: null });
      const changed = [...kept.map((one) => row(one.id, { ...one.cells, mixed: 1.25 })), added];
      const { body } = encodeView(view, fixture.publish('s1', changed), select());
      expect(read(body)).toEqual(expected(changed));
    });

    it('gives each shared row once, and says which sources it used', () => {
      const fixture = new TableFixture({ sources: ['a', 'b', 'c'] });
      const nowMs = fixture.clock.nowMs();
      fixture.publish('a', [row('x', { mixed: 1, text: 'a', count: 1 }), row('y', { mixed: 2 })], {
        dataTsMs: nowMs,
      });
      fixture.publish('c', [row('z', { mixed: 0 })], { dataTsMs: nowMs });
      const newer = [row('y', { mixed: 4, text: 'b', count: 5 })];
      const merged = fixture.publish('b', newer, { dataTsMs: nowMs + 1 });
      const selection = select({ rows: { exact: ['x', 'y'], prefixes: [] } });
      const { body, sourceIds } = encodeView(view, merged, selection);
      expect(read(body)).toEqual(expected([row('x', { mixed: 1, text: 'a', count: 1 }), ...newer]));
      expect(sourceIds).toEqual(['a', 'b']);
    });

    it('is a whole body without rows', () => {
      const { body, sourceIds } = encodeView(view, table, select({ rows: { exact: [], prefixes: ['?'] } }));
      expect(read(body)).toEqual([]);
      expect(sourceIds).toEqual([]);
    });
  });
}
