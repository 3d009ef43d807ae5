/**
 * An upstream whose bodies were made in advance by the simulator's code, so that making them takes
 * no time from what is measured. Holds still (304) or hands out the next body.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildMatrix } from '../../src/simulator/matrix.js';
import type { SimulatorDialect } from '../../src/simulator/options.js';
import { answerParent } from './answer.js';

export interface FeederOrder {
  readonly dialect: SimulatorDialect;
  readonly rows: number;
  /** Of the ufm dialect. */
  readonly columns: number;
  /** How many bodies are made; they are served in turn, for ever. */
  readonly bodies: number;
  /** Per cent of the connected ports that carry traffic. */
  readonly changePct?: number;
}

/** Cells that differ from one body to the next, on average. */
export interface ChangedCells {
  readonly all: number;
  readonly columns: Readonly<Record<string, number>>;
}

/** `hold`: the same body; `loop`: another one for each request; a number: another one each so many ms. */
export type FeederMode = 'hold' | 'loop' | number;

const LF = 10;
/** Rows that are compared; the others are like them. */
const SAMPLE_ROWS = 2000;

let bodies: Buffer[] = [];
let served = 0;
let loop = false;
let timer: NodeJS.Timeout | undefined;

const server = createServer({ keepAliveTimeout: 60_000 }, (req, res) => {
  if (loop) served++;
  const etag = `f-${served}`;
  res.setHeader('ETag', etag);
  res.setHeader('X-Snapshot-Ts', String(Date.now()));
  if (req.headers['if-none-match'] === etag) {
    res.statusCode = 304;
    res.end();
    return;
  }
  const body = bodies[served % bodies.length]!;
  res.setHeader('Content-Type', 'text/csv; charset=utf-8');
  res.setHeader('Content-Length', body.length);
  res.end(body);
});

/** Of the bodies as they follow each other, the first behind the last. From the first rows of each. */
function changedCells(all: readonly Buffer[]): ChangedCells {
  const tables = all.map((body) => rowsOf(body));
  const names = tables[0]![0]!;
  const columns = names.map(() => 0);
  tables.forEach((table, i) => {
    const next = tables[(i + 1) % tables.length]!;
    for (let row = 1; row < table.length; row++) {
      for (let column = 0; column < names.length; column++) {
        if (table[row]![column] !== next[row]![column]) columns[column]!++;
      }
    }
  });
  const share = (rowsIn(all[0]!) - 1) / ((tables[0]!.length - 1) * tables.length);
  const scaled = columns.map((count) => count * share);
  return {
    all: scaled.reduce((sum, count) => sum + count, 0),
    columns: Object.fromEntries(names.map((name, i) => [name, scaled[i]!])),
  };
}

function rowsOf(body: Buffer): string[][] {
  let end = 0;
  for (let row = 0; row <= SAMPLE_ROWS && end < body.length; row++) end = body.indexOf(LF, end) + 1;
  const lines = body.toString('latin1', 0, end).trimEnd().split(/\r?\n/);
  return lines.map((line) => line.split(','));
}

function rowsIn(body: Buffer): number {
  let rows = 0;
  for (let at = body.indexOf(LF); at >= 0; at = body.indexOf(LF, at + 1)) rows++;
  return rows;
}

answerParent({
  /** Resolves with the URL, listening. */
  start: async ({ dialect, rows, columns, bodies: count, changePct }: FeederOrder) => {
    bodies = Array.from({ length: count }, (_, tick) =>
      Buffer.from(
        buildMatrix({ dialect, rows, columns, seed: 1, tick, ...(changePct !== undefined && { changePct }) }),
      ),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/counters`;
  },
  changed: (): ChangedCells => changedCells(bodies),
  mode: (mode: FeederMode) => {
    clearInterval(timer);
    loop = mode === 'loop';
    if (typeof mode === 'number') timer = setInterval(() => served++, mode);
  },
});
