/** Question: what does each live subscriber and message cost, and what does the event loop notice? */
import { buildMatrix } from '../src/simulator/matrix.js';
import { median, pairedRatio, type Bench, type BenchContext, type BenchRow } from './harness.js';
import type { BroadcastOrder } from './parts/bare-child.js';
import { Child, withChildren } from './parts/child.js';
import type { FeederMode, FeederOrder } from './parts/feeder-child.js';
import { delayRow, IdleDelay, type Delays } from './parts/idle-delay.js';
import { keysOf, readCsv } from './parts/matrix.js';
import type { CheckedState, Received, SubscribersOrder } from './parts/subscribers-child.js';
import { fetchOnce, pause, publishes, startProgram, type Program } from './parts/weft.js';

interface Sizes {
  /** Ports, 64 a switch. */
  readonly rows: number;
  readonly subscribers: number;
  /** Subscribers of the case of few selections that many share. */
  readonly fanOut: number;
  /** Time between two bodies of the upstream. */
  readonly everyMs: number;
  readonly roundMs: number;
}

const FULL: Sizes = { rows: 2048, subscribers: 200, fanOut: 1000, everyMs: 250, roundMs: 4000 };
const SMOKE: Sizes = { rows: 128, subscribers: 4, fanOut: 8, everyMs: 100, roundMs: 400 };
const COLUMNS = 40;
const BODIES = 8;
/** Changes on every port with traffic at every tick; the errors on few. */
const BUSY = ['PortXmitPktsExtended'];
/** With traffic these ten change, too: of 25 ports about 250 cells, in 4 KB. */
const MOVING = [
  'PortXmitPktsExtended',
  'PortRcvPktsExtended',
  'PortXmitDataExtended',
  'PortRcvDataExtended',
  'PortXmitWaitExtended',
  'infiniband_CBW',
  'Normalized_CBW',
  'Normalized_XmitData',
  'NormalizedXW',
  'hist0',
];
const SELECTIONS = 40;
const PORTS_EACH = 25;
const QUIET = ['SymbolErrorCounterExtended', 'PortRcvErrorsExtended'];

/** Who subscribes to what. */
interface Case {
  readonly name: string;
  /** Few of the cells change: the checking subscriber must have been sent diffs. */
  readonly sparse: boolean;
  readonly switches: readonly (readonly string[])[] | null;
  readonly metrics: readonly string[] | null;
  /** Many subscribers of these few selections; the peer publishes to as many topics. */
  readonly isFanOut?: boolean;
}

interface Rig {
  readonly sizes: Sizes;
  readonly weft: Program;
  readonly feeder: Child;
  readonly clients: Child;
  readonly bare: Child;
  readonly bareUrl: string;
}

interface Round {
  /** Server CPU per message in µs, over what it needs without subscribers. */
  readonly ownUs: number;
  readonly bareUs: number;
  readonly messages: number;
  readonly bytesPerMessage: number;
  readonly delays: Delays;
}

async function startRig(keep: (child: Child) => Child, sizes: Sizes): Promise<Rig> {
  const feeder = keep(new Child('feeder-child'));
  const order: FeederOrder = { dialect: 'ufm', rows: sizes.rows, columns: COLUMNS, bodies: BODIES };
  const upstream = await feeder.ask<string>('start', order);
  const weft = await startProgram(keep, 'serve', { 'upstream-url': upstream, 'poll-ms': sizes.everyMs });
  await publishes(weft, 1);
  const bare = keep(new Child('bare-child'));
  const port = await bare.ask<number>('listen', { headers: {}, body: '' });
  const clients = keep(new Child('subscribers-child'));
  return { sizes, weft, feeder, clients, bare, bareUrl: `ws://127.0.0.1:${port}/telemetry/stream` };
}

/** CPU in µs that `server` needs while `ms` pass. */
async function cpuWhile(server: Child, ms: number): Promise<number> {
  const before = await server.ask<number>('cpuUs');
  await pause(ms);
  return (await server.ask<number>('cpuUs')) - before;
}

/** Throws unless the checking subscriber has what a list of the same selection says. */
async function checkState({ weft, clients, feeder }: Rig, one: Case): Promise<void> {
  const { name, switches, metrics, sparse } = one;
  await feeder.ask('mode', 'hold' satisfies FeederMode);
  const rows = switches === null ? '' : `&switches=${encodeURIComponent(switches[0]!.join(','))}`;
  const fields = metrics === null ? '' : `&fields=${metrics.join(',')}`;
  for (let attempt = 0; attempt < 400; attempt++) {
    await pause(50);
    const { body } = await fetchOnce(`${weft.url}/telemetry/ListMetrics?format=json${rows}${fields}`);
    const list = JSON.parse(body.toString()) as { snapshot_id: string; items: Record<string, unknown>[] };
    const state = await clients.ask<CheckedState>('state');
    const wanted = list.items.map(({ switch_id: key, ...cells }) => [key, cells]);
    const held = state.rows.map(([key, cells]) => [
      key,
      Object.fromEntries(Object.entries(cells).map(([name, json]) => [name, JSON.parse(json) as unknown])),
    ]);
    // A selection in which nothing changed keeps its older name until the next heartbeat.
    if (JSON.stringify(held) !== JSON.stringify(wanted)) {
      if (state.snapshotId !== list.snapshot_id) continue;
      throw new Error(`${name}: the frames applied differ from the list`);
    }
    if (sparse && !state.history.includes('diff')) throw new Error(`${name}: no diff arrived`);
    return;
  }
  throw new Error('the subscriber never reached the snapshot that is served');
}

async function measure(rig: Rig, one: Case): Promise<Round> {
  const { sizes, weft, feeder, clients, bare, bareUrl } = rig;
  const { roundMs, everyMs } = sizes;
  const count = one.isFanOut ? sizes.fanOut : sizes.subscribers;
  await feeder.ask('mode', everyMs satisfies FeederMode);
  const alone = await cpuWhile(weft.child, roundMs);
  const url = `ws://127.0.0.1:${weft.port}/telemetry/stream`;
  const order: SubscribersOrder = { url, count, switches: one.switches, metrics: one.metrics };
  await clients.ask('open', order);
  await pause(everyMs);
  await weft.child.ask('watchDelay');
  const idle = new IdleDelay();
  await clients.ask('take');
  const cpu = await cpuWhile(weft.child, roundMs);
  const own = await clients.ask<Received>('take');
  const delays = { idleMs: idle.maxMs(), serverMs: await weft.child.ask<number>('delayMaxMs') };
  // A machine that stalls for a whole (smoke) round has measured nothing, but broken nothing either.
  for (let more = 0; own.messages === 0 && more < 100; more++) {
    await pause(everyMs);
    if ((await clients.ask<Received>('take')).messages === 0) continue;
    await clients.ask('close');
    return measure(rig, one);
  }
  if (own.messages === 0) throw new Error(`${one.name}: no message arrived`);
  await checkState(rig, one);
  await clients.ask('close');
  const bytesPerMessage = Math.round(own.bytes / own.messages);
  await clients.ask('listen', { ...order, url: bareUrl });
  const topics = one.isFanOut ? SELECTIONS : 0;
  await bare.ask('broadcast', { bytes: bytesPerMessage, everyMs, topics } satisfies BroadcastOrder);
  await clients.ask('take');
  const bareCpu = await cpuWhile(bare, roundMs);
  const peer = await clients.ask<Received>('take');
  await bare.ask('broadcast', { bytes: 0, everyMs: 0, topics: 0 } satisfies BroadcastOrder);
  await clients.ask('close');
  return {
    ownUs: (cpu - alone) / own.messages,
    bareUs: bareCpu / Math.max(1, peer.messages),
    messages: own.messages,
    bytesPerMessage,
    delays,
  };
}

function rowsOf({ name, isFanOut }: Case, rounds: readonly Round[]): BenchRow[] {
  const all = (pick: (round: Round) => number): number[] => rounds.map(pick);
  const own = all((round) => round.ownUs);
  const bare = all((round) => round.bareUs);
  const what = `${name}: server CPU per subscriber and message`;
  const against = isFanOut ? 'publish of bare uWebSockets.js, same size' : 'bare uWebSockets.js, same size';
  // What the subscribers cost is a difference; one that drowns in the noise of the refresh is no figure.
  const cost: BenchRow =
    median(own) > 0
      ? { what, value: median(own), unit: 'µs', against, ratio: pairedRatio(own, bare) }
      : { what, value: null, unit: 'µs' };
  return [
    cost,
    { what: `${name}: message`, value: median(all((round) => round.bytesPerMessage)), unit: 'bytes' },
    { what: `${name}: messages a round`, value: median(all((round) => round.messages)), unit: '' },
    delayRow(`${name}: largest event-loop delay, median round`, {
      serverMs: median(all((round) => round.delays.serverMs)),
      idleMs: median(all((round) => round.delays.idleMs)),
    }),
  ];
}

async function run({ smoke, rounds, note }: BenchContext): Promise<BenchRow[]> {
  const sizes = smoke ? SMOKE : FULL;
  const body = buildMatrix({ dialect: 'ufm', rows: sizes.rows, columns: COLUMNS, seed: 1, tick: 0 });
  const ports = keysOf(readCsv(body));
  const switches = [...new Set(ports.map((key) => `${key.slice(0, key.lastIndexOf(':'))}:*`))];
  const groups = Array.from({ length: SELECTIONS }, (_, i) =>
    Array.from({ length: PORTS_EACH }, (_, k) => ports[(i * PORTS_EACH + k) % ports.length]!),
  );
  const cases: Case[] = [
    { name: 'one port each', sparse: false, switches: ports.map((port) => [port]), metrics: null },
    {
      name: 'the ports of one switch each',
      sparse: true,
      switches: switches.map((one) => [one]),
      metrics: null,
    },
    {
      name: `${SELECTIONS} selections shared by ${sizes.fanOut}`,
      sparse: false,
      switches: groups,
      metrics: MOVING,
      isFanOut: true,
    },
    { name: 'one busy counter of all ports, shared', sparse: false, switches: null, metrics: BUSY },
    { name: 'two error counters of all ports, shared', sparse: true, switches: null, metrics: QUIET },
  ];
  return withChildren(async (keep) => {
    const rig = await startRig(keep, sizes);
    const results = cases.map(() => [] as Round[]);
    // Round 0 warms up and is not counted; a smoke run has none.
    for (let round = smoke ? 1 : 0; round <= rounds; round++) {
      for (const [i, one] of cases.entries()) {
        note(`round ${round}: ${one.name}`);
        const measured = await measure(rig, one);
        if (round > 0) results[i]!.push(measured);
      }
    }
    return cases.flatMap((one, i) => rowsOf(one, results[i]!));
  });
}

export const bench: Bench = {
  name: 'live',
  question: 'What does each live subscriber and message cost, and what does the event loop notice?',
  run,
};
