/** Options of the simulator. */

import { PRODUCE, SIMULATE, option } from './option.js';
import { choice, host, whole } from './value-kinds.js';

export const SIMULATOR_OPTIONS = {
  generatorHost: option<string>('generator-host', '127.0.0.1', {
    kind: host(),
    help: 'Address the simulator, or the replay, listens on.',
    commands: PRODUCE,
  }),
  generatorPort: option<number>('generator-port', 9001, {
    kind: whole(0, 65535, ''),
    help: 'Port the simulator, or the replay, listens on; 0 picks a free one.',
    commands: PRODUCE,
  }),
  dataSwitches: option<number>('data-switches', 64, {
    kind: whole(1, 200_000, ''),
    help: 'Simulated switches, or ports with the ufm dialect.',
    commands: SIMULATE,
  }),
  dataIntervalSec: option<number>('data-interval-sec', 10, {
    kind: whole(1, 86_400, 's'),
    help: 'Time between two ticks.',
    commands: SIMULATE,
  }),
  generatorColumns: option<number>('generator-columns', 120, {
    kind: whole(8, 512, ''),
    help: 'Columns of the ufm dialect; the others have their own.',
    commands: SIMULATE,
  }),
  generatorSeed: option<number>('generator-seed', 1, {
    kind: whole(0, 2 ** 31 - 1, ''),
    help: 'Equal seeds give equal data.',
    commands: SIMULATE,
  }),
  generatorDialect: option('generator-dialect', 'envelope', {
    kind: choice('page', 'map', 'envelope', 'plain', 'ufm'),
    help: 'Header row of requests that ask for none.',
    commands: SIMULATE,
  }),
  fault500Pct: option<number>('fault-500-pct', 0, {
    kind: whole(0, 100, '%'),
    help: 'Share of requests that are answered 500.',
    commands: SIMULATE,
  }),
  faultSlowMs: option<number>('fault-slow-ms', 0, {
    kind: whole(0, 50_000, 'ms'),
    help: 'Delay of every fifth request or so.',
    commands: SIMULATE,
  }),
} as const;
