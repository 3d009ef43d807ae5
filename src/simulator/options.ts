/** What a simulator is started with, its defaults and its bounds. */

export const SIMULATOR_DIALECTS = ['page', 'map', 'envelope', 'plain', 'ufm'] as const;

/** The header row and value forms of one earlier system, or of UFM Telemetry. */
export type SimulatorDialect = (typeof SIMULATOR_DIALECTS)[number];

export function isSimulatorDialect(text: string): text is SimulatorDialect {
  return (SIMULATOR_DIALECTS as readonly string[]).includes(text);
}

/** What decides the bytes of a matrix, together with a tick and its time. */
export interface MatrixShape {
  /** Rows: switches, or for `ufm` ports. 1 to 200,000. */
  readonly rows: number;
  /** Columns of a `ufm` row, identity columns included; the other dialects have their own. 8 to 512. */
  readonly columns: number;
  /** Same seed, same ids and same values. A 32-bit integer, sign allowed. */
  readonly seed: number;
  /** Index of the first row: several simulators of one seed can own a shard of the rows each. */
  readonly firstRow: number;
  /** Per cent of the connected `ufm` ports that carry traffic; the others never change. */
  readonly changePct: number;
  /** Per cent of the measured `ufm` cells that read `N/A`. */
  readonly naPct: number;
}

export interface SimulatorOptions {
  /** Address to listen on. */
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Rows of every dialect: switches, or for `ufm` ports. */
  readonly switches: number;
  /** See MatrixShape. */
  readonly columns: number;
  /** Seconds between two ticks; fractions are allowed. */
  readonly intervalSec: number;
  readonly seed: number;
  /** Per cent of /counters requests that are answered with 500. */
  readonly fault500Pct: number;
  /** Delay of one /counters request in five; 0 = none. */
  readonly faultSlowMs: number;
  /** Served where a request names none. */
  readonly dialect: SimulatorDialect;
  /** Honour Accept-Encoding and `?gzip=1`. Off as in the real producers. */
  readonly gzip: boolean;
  readonly firstSwitch: number;
  readonly changePct: number;
  readonly naPct: number;
}

const SIMULATOR_DEFAULTS: SimulatorOptions = {
  host: '127.0.0.1',
  port: 9001,
  switches: 64,
  columns: 120,
  intervalSec: 10,
  seed: 1,
  fault500Pct: 0,
  faultSlowMs: 0,
  dialect: 'envelope',
  gzip: false,
  firstSwitch: 0,
  changePct: 60,
  naPct: 0,
};

/** Name, smallest, largest, whole number. The delay stays below the idle limit of a socket. */
const BOUNDS: readonly (readonly [keyof SimulatorOptions, number, number, boolean])[] = [
  ['port', 0, 65_535, true],
  ['switches', 1, 200_000, true],
  ['columns', 8, 512, true],
  ['intervalSec', 0.01, 86_400, false],
  ['seed', -(2 ** 31), 2 ** 31 - 1, true],
  ['fault500Pct', 0, 100, false],
  ['faultSlowMs', 0, 50_000, false],
  ['firstSwitch', 0, 2 ** 24, true],
  ['changePct', 0, 100, false],
  ['naPct', 0, 100, false],
];

/**
 * Options with the defaults filled in.
 * @throws Error that names every value out of its range.
 */
export function fillOptions(given: Partial<SimulatorOptions>): SimulatorOptions {
  const filled = { ...SIMULATOR_DEFAULTS, ...given };
  const mistakes = BOUNDS.flatMap(([name, least, most, whole]) => {
    const value = filled[name];
    const fits = typeof value === 'number' && value >= least && value <= most;
    if (fits && (!whole || Number.isInteger(value))) return [];
    return [
      `${name} must be ${whole ? 'a whole number ' : ''}from ${least} to ${most}, got ${String(value)}`,
    ];
  });
  if (!isSimulatorDialect(filled.dialect)) {
    mistakes.push(`dialect must be one of ${SIMULATOR_DIALECTS.join(', ')}, got ${String(filled.dialect)}`);
  }
  if (mistakes.length > 0) throw new Error(`cannot start the simulator: ${mistakes.join('; ')}`);
  return filled;
}

export function shapeOf(options: SimulatorOptions): MatrixShape {
  return {
    rows: options.switches,
    columns: options.columns,
    seed: options.seed,
    firstRow: options.firstSwitch,
    changePct: options.changePct,
    naPct: options.naPct,
  };
}
