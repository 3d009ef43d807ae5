/** Other readers of CSV, from bytes to rows of strings, and whether they read the same. */
import { parse as csvParse } from 'csv-parse/sync';
import Papa from 'papaparse';
import { inferSchema, initParser } from 'udsv';

export interface CsvPeer {
  readonly name: string;
  /** All rows, the header first or not at all. */
  read(bytes: Buffer): readonly (readonly string[])[];
}

export const CSV_PEERS: readonly CsvPeer[] = [
  { name: 'csv-parse', read: (bytes) => csvParse(bytes) },
  {
    name: 'udsv',
    read: (bytes) => {
      const text = bytes.toString();
      return initParser(inferSchema(text)).stringArrs(text);
    },
  },
  {
    name: 'papaparse',
    read: (bytes) =>
      Papa.parse<string[]>(bytes.toString(), { delimiter: ',', newline: '\n', skipEmptyLines: true }).data,
  },
];

/** Throws unless all peers read the same cells. Returns how many. */
export function comparePeers(bytes: Buffer): number {
  const [first, ...others] = CSV_PEERS.map((peer) => {
    const rows = peer.read(bytes);
    return { name: peer.name, rows: rows[0]?.[0] === headerOf(bytes) ? rows.slice(1) : rows };
  });
  for (const { name, rows } of others) {
    if (rows.length !== first!.rows.length) throw new Error(`${name} read ${rows.length} rows`);
    rows.forEach((row, r) => {
      const want = first!.rows[r]!;
      const differs = row.length !== want.length || row.some((cell, c) => cell !== want[c]);
      if (differs) throw new Error(`${name} read another row ${r} than csv-parse`);
    });
  }
  return first!.rows.reduce((sum, row) => sum + row.length, 0);
}

function headerOf(bytes: Buffer): string {
  return bytes.toString('latin1', 0, bytes.indexOf(','));
}
