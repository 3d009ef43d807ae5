/** Question: how long is it from the start of the process to the first read that is answered? */
import { median, type Bench, type BenchContext, type BenchRow } from './harness.js';
import { Child, withChildren } from './parts/child.js';
import type { FeederOrder } from './parts/feeder-child.js';
import { isServedAs } from './parts/matrix.js';
import { queriesOf, valueIn } from './parts/queries.js';
import type { StartOrder, StartTimes } from './parts/start-child.js';
import { fetchBody } from './parts/upstream.js';

const SWITCHES = 64;
/** What a start may take longer than the bare runtime. */
const LIMIT_MS = 600;

async function run({ rounds, note }: BenchContext): Promise<BenchRow[]> {
  return withChildren(async (keep) => {
    const feeder = keep(new Child('feeder-child'));
    const order: FeederOrder = { dialect: 'page', rows: SWITCHES, columns: 8, bodies: 1 };
    const upstream = await feeder.ask<string>('start', order);
    const [query] = queriesOf((await fetchBody(upstream)).csv, 1);
    const starter = keep(new Child('start-child'));
    const starts: StartTimes[] = [];
    const bare: number[] = [];
    note(`weft serve and node -e 0 in turn, ${rounds} rounds`);
    for (let round = 0; round <= rounds; round++) {
      const ask: StartOrder = { upstream, path: query!.path };
      const start = await starter.ask<StartTimes>('serve', ask);
      const { token, isText } = valueIn(start.body);
      if (!isServedAs(query!.text, token, isText)) {
        throw new Error(`'${query!.text}' is served as ${token}`);
      }
      const bareMs = await starter.ask<number>('bare');
      // The first round reads the files from the disk.
      if (round === 0 && rounds > 1) continue;
      starts.push(start);
      bare.push(bareMs);
    }
    return rowsOf(starts, bare);
  });
}

function rowsOf(starts: readonly StartTimes[], bare: readonly number[]): BenchRow[] {
  const over = (pick: (start: StartTimes) => number): number =>
    median(starts.map((start, i) => pick(start) - bare[i]!));
  const readMs = over((start) => start.readMs);
  const cpu = starts.map(({ cpuMs }) => cpuMs).filter((ms) => ms !== null);
  return [
    { what: 'process start to first served read', value: median(starts.map((s) => s.readMs)), unit: 'ms' },
    { what: 'node -e 0', value: median(bare), unit: 'ms' },
    {
      what: 'the same over node -e 0',
      value: readMs,
      unit: 'ms',
      against: `the limit, ${LIMIT_MS} ms`,
      ratio: readMs / LIMIT_MS,
    },
    { what: 'of which until the port is open', value: over((start) => start.openMs), unit: 'ms' },
    {
      what: 'CPU until the first served read, all threads',
      value: cpu.length === 0 ? null : median(cpu),
      unit: 'ms',
    },
  ];
}

export const bench: Bench = {
  name: 'start',
  question: 'How long is it from the start of the process to the first read that is answered?',
  run,
};
