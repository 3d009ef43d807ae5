/** An upstream's present body, as a bench that asks for its cells needs it. */
import { readCsv, type CsvTable } from './matrix.js';
import { fetchOnce } from './weft.js';

/** Bytes from the start that are read as CSV: enough rows to ask for. */
const HEAD_BYTES = 1_000_000;
const NEWLINE = 10;

export interface Body {
  /** The first rows. */
  readonly csv: CsvTable;
  /** Of all of it. */
  readonly byteLength: number;
  readonly snapshotTs: string;
}

export async function fetchBody(url: string): Promise<Body> {
  const { body, headers, status } = await fetchOnce(url);
  const snapshotTs = headers['X-Snapshot-Ts'];
  if (status !== 200 || snapshotTs === undefined) throw new Error(`${url} is answered ${status}`);
  const head = body.subarray(0, HEAD_BYTES);
  const csv = readCsv(head.subarray(0, head.lastIndexOf(NEWLINE) + 1));
  return { csv, byteLength: body.length, snapshotTs };
}
