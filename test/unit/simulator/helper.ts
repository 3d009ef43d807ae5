/** Simulators for tests: port 0, ticks only when asked for, everything closed at the end. */

import { afterEach } from 'vitest';
import { systemClock } from '../../../src/model/clock.js';
import { buildMatrix, type MatrixRequest } from '../../../src/simulator/matrix.js';
import type { SimulatorOptions } from '../../../src/simulator/options.js';
import { startSimulator, type Simulator, type SimulatorDeps } from '../../../src/simulator/simulator.js';

export interface LogLine {
  readonly level: string;
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface TestSimulator extends Simulator {
  readonly lines: LogLine[];
  get(path: string, headers?: Record<string, string>): Promise<Response>;
}

const open: Simulator[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((simulator) => simulator.close()));
});

export async function simulator(
  options: Partial<SimulatorOptions> = {},
  deps: Partial<SimulatorDeps> = {},
): Promise<TestSimulator> {
  const lines: LogLine[] = [];
  const log = {
    event: (level: string, name: string, fields: Readonly<Record<string, unknown>>) =>
      void lines.push({ level, name, fields }),
  };
  const started = await startSimulator(
    { port: 0, intervalSec: 86_400, ...options },
    { clock: systemClock, log, ...deps },
  );
  open.push(started);
  return { ...started, lines, get: (path, headers = {}) => fetch(started.url + path, { headers }) };
}

export function textOf(request: MatrixRequest): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(buildMatrix(request));
}

/** Cells of a body without quotes, header row first. */
export function cellsOf(text: string): string[][] {
  return text
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.split(','));
}
