import { parse as parseCsv } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { VIEWS } from '../../src/view/registry.js';
import { runViewCase, type ReadRow } from './view.case.js';

/** JSON with numbers as their own digits: JSON.parse would round the big ones. */
function exactJson(body: string): unknown {
  // Numbers stand behind `:`, `[` or `,` outside strings; strings are kept as they are.
  const quoted = body.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    token.startsWith('"') ? token : `"${token}"`,
  );
  return JSON.parse(quoted);
}

type Item = Record<string, string | null>;

function readItem({ switch_id: id, ...cells }: Item): ReadRow {
  return { id: id!, cells };
}

runViewCase({
  view: VIEWS.envelope,
  read: (body) => (exactJson(body) as { items: Item[] }).items.map(readItem),
});

runViewCase({
  view: VIEWS.ndjson,
  read: (body) =>
    body
      .split('\n')
      .slice(0, -1)
      .map((line) => readItem(exactJson(line) as Item)),
});

runViewCase({
  view: VIEWS.map,
  read: (body) =>
    Object.entries(exactJson(body) as Record<string, Item>).map(([id, { timestamp, ...cells }]) => {
      expect(timestamp).toMatch(/^\d+$/);
      return { id, cells };
    }),
});

runViewCase({
  view: VIEWS.columns,
  read: (body) => {
    const parsed = exactJson(body) as { switch_ids: string[]; columns: Record<string, (string | null)[]> };
    return parsed.switch_ids.map((id, i) => ({
      id,
      cells: Object.fromEntries(Object.entries(parsed.columns).map(([name, cells]) => [name, cells[i]!])),
    }));
  },
});

runViewCase({
  view: VIEWS.page,
  byKey: true,
  oneColumn: true,
  read: (body) => {
    const parsed = exactJson(body) as { items: Item[]; metrics: Item[] };
    expect(parsed.metrics).toEqual(parsed.items);
    return parsed.items.map(({ switch_id: id, metric_name: name, value }) => ({
      id: id!,
      cells: { [name!]: value! },
    }));
  },
});

runViewCase({
  view: VIEWS.csv,
  guardsFormulas: true,
  read: (body) => {
    const records = parseCsv<Record<string, string>>(body, { columns: true, record_delimiter: '\r\n' });
    return records.map(({ switch_id: id, ...cells }) => ({
      id: id!,
      cells: Object.fromEntries(
        Object.entries(cells).map(([name, cell]) => [name, cell === '' ? null : cell]),
      ),
    }));
  },
});

runViewCase({ view: VIEWS.schema, read: () => [], noRows: 'it lists columns' });

describe('the registry', () => {
  it('has each view under its own shape', () => {
    for (const [shape, view] of Object.entries(VIEWS)) expect(view.shape).toBe(shape);
  });
});
