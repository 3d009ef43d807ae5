/** Bodies of many blocks, byte for byte against one that is put together from strings. */
import { describe, expect, it } from 'vitest';
import type { Table } from '../../../src/fabric/table.js';
import type { ColumnSpec } from '../../../src/model/schema.js';
import { listSelection, type ListSelection } from '../../../src/query/list-query.js';
import { parseSort } from '../../../src/query/sort.js';
import { encodeOrder } from '../../../src/view/encode-list.js';
import { seededRandom } from '../../fixtures/fake-clock.js';
import { row, TableFixture, tableOf, type Cell, type Row } from '../../fixtures/tables.js';

const random = seededRandom(7);
const below = (count: number): number => Math.floor(random() * count);

function body(table: Table, given: Partial<Omit<ListSelection, 'key'>>): string {
  const order = { gzip: false, listBytesMax: 2 ** 30, agesMs: table.parts.map(() => 0) };
  const encoded = encodeOrder(table, { ...order, selection: listSelection(given) });
  return Buffer.from(encoded.bytes).toString();
}

function json(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return 'null';
  return typeof cell === 'string' ? JSON.stringify(cell) : String(cell === 0 ? 0 : cell);
}

function envelope(rows: readonly Row[], names: readonly string[]): string {
  const items = rows.map(({ id, cells }) => {
    const members = names.map((name) => `,${JSON.stringify(name)}:${json(cells[name])}`);
    return `{"switch_id":${JSON.stringify(id)}${members.join('')}}`;
  });
  return `"items":[${items.join(',')}]`;
}

function columns(rows: readonly Row[], names: readonly string[]): string {
  const arrays = names.map(
    (name) => `${JSON.stringify(name)}:[${rows.map(({ cells }) => json(cells[name])).join(',')}]`,
  );
  return `"columns":{${arrays.join(',')}}`;
}

function csv(rows: readonly Row[], names: readonly string[]): string {
  const lines = rows.map(({ id, cells }) =>
    [id, ...names.map((name) => (cells[name] === null ? '' : json(cells[name]).replace(/"/g, '')))].join(','),
  );
  return ['switch_id,' + names.join(','), ...lines, ''].join('\r\n');
}

/** Throws where `text` differs first: bodies are too long to be shown. */
function expectPart(text: string, part: string): void {
  const start = text.indexOf(part.slice(0, 60));
  const found = text.slice(start, start + part.length);
  if (start >= 0 && found === part) return;
  let at = 0;
  while (found[at] === part[at]) at++;
  expect(found.slice(at - 40, at + 40)).toBe(part.slice(at - 40, at + 40));
}

/** Integers of all lengths, doubles of all sorts, texts, and nothing. */
const CELLS: Readonly<Record<ColumnSpec['kind'], () => Cell>> = {
  i64: () =>
    BigInt.asIntN(64, BigInt(Math.floor(random() * 2 ** 53)) << BigInt(below(12))) >> BigInt(below(64)),
  u64: () =>
    BigInt.asUintN(64, BigInt(Math.floor(random() * 2 ** 53)) << BigInt(below(12))) >> BigInt(below(64)),
  f64: () => DOUBLES[below(DOUBLES.length)]!(),
  mixed: () => (below(2) === 0 ? 2n ** 63n + BigInt(below(1000)) : below(1e9) / 1e3),
  text: () => TEXTS[below(TEXTS.length)]!,
};
const TEXTS = ['', 'Active', 'x'.repeat(40), 'y'.repeat(300), 'MF0;sw-0000:MQM9790/U1'];
const DOUBLES = [
  () => below(2000) / 10 - 100,
  () => below(1e9) / 1e3,
  () => below(1e9) / 1e6,
  () => random() * 10 ** (below(40) - 15),
  () => Number(`${below(100) / 10}e${below(600) - 300}`),
  () => 2 ** (below(2098) - 1074) * (below(2) - 0.5),
  () => below(100) - 50,
];

const SPECS: ColumnSpec[] = (['i64', 'u64', 'f64', 'mixed', 'text'] as const).flatMap((kind) =>
  Array.from({ length: 4 }, (_, i) => ({ name: `${kind}_${i}`, kind })),
);
const NAMES = SPECS.map(({ name }) => name);

function rowsOf(count: number): Row[] {
  return Array.from({ length: count }, (_, r) => {
    const cells = SPECS.map(({ name, kind }) => [name, below(10) === 0 ? null : CELLS[kind]()] as const);
    return row(`sw-${r}:${'0'.repeat(below(40))}`, Object.fromEntries(cells));
  });
}

describe('bodies of many blocks', () => {
  const rows = rowsOf(3000);
  const table = tableOf(rows, { columns: SPECS });

  it('are what their cells say, in rows and in columns', () => {
    expectPart(body(table, {}), envelope(rows, NAMES));
    expectPart(body(table, { shape: 'columns' }), columns(rows, NAMES));
    const lines = rows.map(({ id, cells }) => envelope([row(id, cells)], NAMES).slice(9, -1));
    expect(body(table, { shape: 'ndjson' })).toBe(lines.join('\n') + '\n');
    const plain = NAMES.filter((name) => !name.startsWith('u64'));
    expect(body(table, { shape: 'csv', fields: plain })).toBe(csv(rows, plain));
  });

  it('are the same when rows do not lie together', () => {
    const down = { sort: parseSort('-i64_0', 'sort') };
    const ids = (JSON.parse(`${body(table, { ...down, fields: [] as string[] })}}`) as Items).items;
    const byId = new Map(rows.map((one) => [one.id, one]));
    const sorted = ids.map(({ switch_id: id }) => byId.get(id)!);
    expectPart(body(table, down), envelope(sorted, NAMES));
    expectPart(body(table, { ...down, shape: 'columns' }), columns(sorted, NAMES));
    const some = rows.filter((_, r) => r % 7 === 3);
    const exact = some.map(({ id }) => id).sort();
    expectPart(body(table, { rows: { exact, prefixes: [] } }), envelope(some, NAMES));
  });

  it('quote integers beyond 2^53, when asked', () => {
    const quoted = rows.map(({ id, cells }) => {
      const big = Object.entries(cells).map(([name, cell]) => {
        const isBig = typeof cell === 'bigint' && (cell > 2n ** 53n || cell < -(2n ** 53n));
        return [name, isBig ? String(cell) : cell] as const;
      });
      return row(id, Object.fromEntries(big));
    });
    expectPart(body(table, { int64AsString: true }), envelope(quoted, NAMES));
  });
});

interface Items {
  readonly items: readonly { readonly switch_id: string }[];
}

describe('what the kernel hands back', () => {
  it('comes out all the same: long texts, long names, no number, no columns', () => {
    const names = Array.from({ length: 450 }, (_, i) => `${i}${'é"'.repeat(150)}`);
    const rows = Array.from({ length: 12 }, (_, r) => {
      const cells = names.map((name, i) => [name, i % 9 === 0 ? 'z"'.repeat(below(9000)) : r * i] as const);
      return row(`\u0001${'k'.repeat(below(1000))}-${r}`, Object.fromEntries(cells));
    });
    const table = tableOf(rows, {
      columns: names.map((name, i) => ({ name, kind: i % 9 === 0 ? 'text' : 'i64' })),
    });
    expectPart(body(table, {}), envelope(rows, names));
    expectPart(body(table, { shape: 'columns' }), columns(rows, names));
    expectPart(body(table, { fields: [] }), envelope(rows, []));
  });

  it('is null where a double is none', () => {
    const rows = [NaN, 1.5, Infinity, -Infinity].map((cell, r) => row(`r${r}`, { c: cell, d: r }));
    const table = tableOf(rows, { columns: ['c', 'd'].map((name) => ({ name, kind: 'f64' as const })) });
    const missing = rows.map(({ id, cells }) =>
      row(id, { ...cells, c: Number.isFinite(cells['c']) ? cells['c']! : null }),
    );
    expectPart(body(table, {}), envelope(missing, ['c', 'd']));
    expectPart(body(table, { shape: 'columns' }), columns(missing, ['c', 'd']));
  });
});

describe('rows of several sources', () => {
  it('alternate within a block, with columns of different kinds', () => {
    const fixture = new TableFixture({ sources: ['a', 'b'] });
    const own = Array.from({ length: 600 }, (_, r) => row(`r${r}`, { x: r * 3, y: `t${r % 5}` }));
    fixture.publish('a', own, { dataTsMs: 1000, receivedAtMs: 1000 });
    const newer = own.filter((_, r) => r % 3 === 1).map(({ id }, r) => row(id, { x: r / 8, z: r }));
    const table = fixture.publish('b', newer, { dataTsMs: 2000, receivedAtMs: 2000 });
    const byId = new Map(newer.map((one) => [one.id, one]));
    const merged = own.map((one) => byId.get(one.id) ?? one);
    expectPart(body(table, {}), envelope(merged, ['x', 'y', 'z']));
    expectPart(body(table, { shape: 'columns' }), columns(merged, ['x', 'y', 'z']));
  });
});

describe('doubles', () => {
  it('come out as String has them', () => {
    const corners = [0, -0, 1e21, 1e20, 1e-6, 1e-7, 9.999999e-7, 5e-324, 1.7976931348623157e308, 0.1 + 0.2];
    const halves = new Int32Array(2);
    const double = new Float64Array(halves.buffer);
    const any = (): number => {
      halves[0] = Math.floor(random() * 2 ** 32);
      halves[1] = Math.floor(random() * 2 ** 32);
      return Number.isFinite(double[0]!) ? double[0]! : 1;
    };
    const values = Array.from(
      { length: 60_000 },
      (_, i) => corners[i] ?? (i % 2 === 0 ? any() : CELLS.f64()),
    );
    const rows = values.map((value, r) => row(`r${r}`, { c: value }));
    const table = tableOf(rows, { columns: [{ name: 'c', kind: 'f64' }] });
    expectPart(body(table, { shape: 'columns' }), columns(rows, ['c']));
  });
});
