/** A daemon that serves a large and a small list of a table that does not change. */
import { Child } from './child.js';
import type { FeederOrder } from './feeder-child.js';
import { fetchBody } from './upstream.js';
import { isServedAs, keysOf, fieldColumns } from './matrix.js';
import { fetchOnce, publishes, startProgram, type Program } from './weft.js';

/** Polls so rarely that none falls into a run. */
const POLL_MS = 3_600_000;
const LIST = '/telemetry/ListMetrics?shape=columns';

export interface ListsRig {
  readonly weft: Program;
  readonly large: ServedList;
  readonly small: ServedList;
}

export interface ServedList {
  readonly path: string;
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

interface Columns {
  readonly columns: Readonly<Record<string, readonly (string | number | null)[]>>;
}

async function listOf(weft: Program, path: string): Promise<ServedList> {
  const { status, headers, body } = await fetchOnce(weft.url + path);
  if (status !== 200) throw new Error(`${path} is answered ${status}`);
  return { path, bytes: body, headers };
}

/** `smallBytes`: about how long the small list shall be. */
export async function startLists(
  keep: (child: Child) => Child,
  rows: number,
  columns: number,
  smallBytes: number,
): Promise<ListsRig> {
  const feeder = keep(new Child('feeder-child'));
  const order: FeederOrder = { dialect: 'ufm', rows, columns, bodies: 1 };
  const upstream = await feeder.ask<string>('start', order);
  const weft = await startProgram(keep, 'serve', { 'upstream-url': upstream, 'poll-ms': POLL_MS });
  await publishes(weft, 1);
  const large = await listOf(weft, LIST);
  let limit = Math.max(2, Math.round((smallBytes * rows) / large.bytes.length));
  let small = await listOf(weft, `${LIST}&limit=${limit}`);
  // The names of the columns are a larger part of it.
  limit = Math.max(1, Math.floor((limit * smallBytes) / small.bytes.length));
  small = await listOf(weft, `${LIST}&limit=${limit}`);
  await check(large, upstream);
  return { weft, large, small };
}

/** Throws unless the first rows of the list are the upstream's. */
async function check({ bytes, path }: ServedList, upstream: string): Promise<void> {
  const { csv } = await fetchBody(upstream);
  const served = JSON.parse(bytes.toString()) as Columns;
  const keys = keysOf(csv);
  for (const column of fieldColumns(csv)) {
    const name = csv.header[column]!;
    const cells = served.columns[name];
    if (cells === undefined) throw new Error(`${path} has no column ${name}`);
    for (let row = 0; row < Math.min(20, keys.length); row++) {
      const cell = cells[row];
      const isText = typeof cell === 'string';
      const token = cell === null || cell === undefined ? null : String(cell);
      // Large integers are rounded by JSON.parse: as many digits as a double has are compared.
      const text = csv.rows[row]![column]!;
      const isRounded = typeof cell === 'number' && Math.abs(cell) > Number.MAX_SAFE_INTEGER;
      if (!(isRounded ? Number(text) === cell : isServedAs(text, token, isText))) {
        throw new Error(`${keys[row]} ${name}: '${text}' is served as ${token}`);
      }
    }
  }
}
