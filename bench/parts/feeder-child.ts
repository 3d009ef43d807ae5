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
}

/** `hold`: the same body; `loop`: another one for each request; a number: another one each so many ms. */
export type FeederMode = 'hold' | 'loop' | number;

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

answerParent({
  /** Resolves with the URL, listening. */
  start: async ({ dialect, rows, columns, bodies: count }: FeederOrder) => {
    bodies = Array.from({ length: count }, (_, tick) =>
      Buffer.from(buildMatrix({ dialect, rows, columns, seed: 1, tick })),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/counters`;
  },
  mode: (mode: FeederMode) => {
    clearInterval(timer);
    loop = mode === 'loop';
    if (typeof mode === 'number') timer = setInterval(() => served++, mode);
  },
});
