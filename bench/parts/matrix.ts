/** The bodies that benches parse, as an independent reader sees them. */
import { parse } from 'csv-parse/sync';
import type { Table } from '../../src/fabric/table.js';
import { listSelection } from '../../src/query/list-query.js';
import { encodeOrder } from '../../src/view/encode-list.js';

/** A body as csv-parse reads it. */
export interface CsvTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What makes a row's key where nothing is configured (docs/sources.md). */
const PORT_KEY = ['node_guid', 'port_guid', 'port_num'];
const SWITCH_KEY = ['switch_id', 'SwitchId', 'switch', 'switchId', 'server_name'];
const TIME = ['timestamp', 'collection_time', 'updated_at'];

export function readCsv(bytes: Uint8Array): CsvTable {
  const records: string[][] = parse(Buffer.from(bytes));
  const [header = [], ...rows] = records;
  return { header, rows };
}

/** The columns that make a key, as indices. */
export function keyColumns({ header }: CsvTable): readonly number[] {
  const single = SWITCH_KEY.map((name) => header.indexOf(name)).find((index) => index >= 0);
  if (single !== undefined) return [single];
  return PORT_KEY.map((name) => header.indexOf(name)).filter((index) => index >= 0);
}

export function keysOf(table: CsvTable): string[] {
  const columns = keyColumns(table);
  return table.rows.map((row) => columns.map((column) => row[column]).join(':'));
}

/** Columns that are served as fields of a row: not its time, and not a key of one column. */
export function fieldColumns(table: CsvTable): readonly number[] {
  const keys = keyColumns(table);
  const indices = table.header.map((_, index) => index);
  return indices.filter(
    (index) => !TIME.includes(table.header[index]!) && !(keys.length === 1 && keys[0] === index),
  );
}

/** True when `served` is what a cell of this text must be served as, `null` being missing. */
export function isServedAs(text: string, served: string | null, isText: boolean): boolean {
  if (text === '' || (!isText && !Number.isFinite(Number(text)))) return served === null;
  if (served === null) return false;
  if (isText) return served === text;
  // Integers keep all their digits; fractions are the nearest double.
  if (/^-?\d+$/.test(text) && /^-?\d+$/.test(served)) return BigInt(text) === BigInt(served);
  return Number(text) === Number(served);
}

/** Throws unless `table` holds every cell of `bytes`, and nothing else. Returns how many it compared. */
export function compareCells(table: Table, bytes: Uint8Array): number {
  const source = readCsv(bytes);
  const order = { gzip: false, listBytesMax: 2 ** 31 - 1, agesMs: table.parts.map(() => 0) };
  const encoded = encodeOrder(table, { ...order, selection: listSelection({ shape: 'csv' }) });
  const served = readCsv(encoded.bytes);
  const keys = keysOf(source);
  if (served.rows.length !== new Set(keys).size) {
    throw new Error(`${served.rows.length} rows are served, the body has ${new Set(keys).size}`);
  }
  const byKey = new Map(served.rows.map((row) => [row[0]!, row]));
  const columns = served.header.slice(1).map((name) => ({
    from: source.header.indexOf(name),
    isText: table.schema.columns[table.schema.byName.get(name) ?? -1]?.kind === 'text',
  }));
  if (columns.length !== fieldColumns(source).length) {
    throw new Error(
      `the fields served are ${served.header.join(',')}, the body has ${source.header.join(',')}`,
    );
  }
  let compared = 0;
  source.rows.forEach((row, r) => {
    const answer = byKey.get(keys[r]!);
    if (!answer) throw new Error(`row ${keys[r]} is not served`);
    columns.forEach(({ from, isText }, c) => {
      const value = answer[c + 1]!;
      if (!isServedAs(row[from]!, value === '' ? null : value, isText)) {
        throw new Error(`${keys[r]} ${source.header[from]}: '${row[from]}' is served as '${value}'`);
      }
      compared++;
    });
  });
  return compared;
}
