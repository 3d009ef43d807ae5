/** What refreshes, requests and subscribers cost the real daemon, at given sizes. */
import type { BurstOrder, BurstResult } from './burst-child.js';
import { Child, withChildren } from './child.js';
import type { ChangedCells, FeederMode, FeederOrder } from './feeder-child.js';
import { checkAnswers, queriesOf } from './queries.js';
import type { Received, SubscribersOrder } from './subscribers-child.js';
import { fetchBody } from './upstream.js';
import { fetchOnce, pause, publishes, startProgram, versionOf, type Program } from './weft.js';

export interface Size {
  readonly rows: number;
  readonly columns: number;
  /** Per cent of the ports that carry traffic. */
  readonly changePct: number;
}

/** One size, refreshed without pause. */
export interface RefreshPoint extends Size {
  /** Of each publish, against the one before. */
  readonly changedCells: number;
  readonly bodyBytes: number;
  /** Of the whole process, for one publish. */
  readonly cpuUs: number;
  readonly residentBytes: number;
}

export interface RequestPoint {
  readonly cpuUs: number;
  readonly wireBytes: number;
}

/** Some subscribers of one selection, refreshed at a pace. */
export interface SubscriberPoint {
  readonly subscribers: number;
  /** That one message carries. */
  readonly changedCells: number;
  /** Of the whole process for one publish, over what it is without subscribers. */
  readonly cpuUs: number;
  /** Of one message. */
  readonly wireBytes: number;
}

export interface Effort {
  readonly warmUp: number;
  readonly publishes: number;
  readonly requests: number;
  readonly subscribers: readonly number[];
  readonly roundMs: number;
  readonly everyMs: number;
}

interface Rig {
  readonly weft: Program;
  readonly feeder: Child;
  readonly upstream: string;
}

const BODIES = 3;
const POLL_MS = 50;
const CONNECTIONS = 32;
const ATTEMPTS = 50;
/** Of the ufm dialect: the first changes with the traffic of a port, the other seldom. */
const SELECTIONS = ['PortXmitPktsExtended', 'SymbolErrorCounterExtended'];

async function startRig(keep: (child: Child) => Child, size: Size, pollMs: number): Promise<Rig> {
  const feeder = keep(new Child('feeder-child'));
  const upstream = await feeder.ask<string>('start', {
    dialect: 'ufm',
    bodies: BODIES,
    ...size,
  } satisfies FeederOrder);
  const flags = { 'upstream-url': upstream, 'poll-ms': pollMs, 'poll-timeout-ms': 30_000 };
  const weft = await startProgram(keep, 'serve', flags);
  await publishes(weft, 1);
  const { csv } = await fetchBody(upstream);
  if (csv.header.length !== size.columns) throw new Error(`the body has ${csv.header.length} columns`);
  await checkAnswers(weft, queriesOf(csv, 20), null);
  return { weft, feeder, upstream };
}

export function refreshPoint(size: Size, { warmUp, publishes: count }: Effort): Promise<RefreshPoint> {
  return withChildren(async (keep) => {
    const { weft, feeder, upstream } = await startRig(keep, size, POLL_MS);
    await feeder.ask('mode', 'loop' satisfies FeederMode);
    await publishes(weft, warmUp);
    const from = await versionOf(weft);
    const before = await weft.child.ask<number>('cpuUs');
    await publishes(weft, from + count);
    const cpuUs = (await weft.child.ask<number>('cpuUs')) - before;
    const times = (await versionOf(weft)) - from;
    const residentBytes = await weft.child.ask<number>('rss');
    await feeder.ask('mode', 'hold' satisfies FeederMode);
    const changed = await feeder.ask<ChangedCells>('changed');
    const { byteLength: bodyBytes } = await fetchBody(upstream);
    return { ...size, changedCells: changed.all, bodyBytes, cpuUs: cpuUs / times, residentBytes };
  });
}

async function requestPoint(keep: (child: Child) => Child, rig: Rig, amount: number): Promise<RequestPoint> {
  const { weft, upstream } = rig;
  const load = keep(new Child('burst-child'));
  const paths = queriesOf((await fetchBody(upstream)).csv, 1000).map(({ path }) => path);
  const order: BurstOrder = { port: weft.port, paths, connections: CONNECTIONS, depth: 1, amount };
  await load.ask<BurstResult>('burst', order);
  const before = await weft.child.ask<number>('cpuUs');
  const { count } = await load.ask<BurstResult>('burst', order);
  const cpuUs = ((await weft.child.ask<number>('cpuUs')) - before) / count;
  const { headers, body } = await fetchOnce(weft.url + paths[0]!);
  const head = Object.entries(headers).reduce(
    (sum, [name, value]) => sum + name.length + value.length + 4,
    19,
  );
  return { cpuUs, wireBytes: head + body.length };
}

/** CPU of the process for one publish while `everyMs` pass between two. */
async function cpuOfPublish(weft: Program, ms: number): Promise<number> {
  const from = await versionOf(weft);
  const before = await weft.child.ask<number>('cpuUs');
  await pause(ms);
  const cpuUs = (await weft.child.ask<number>('cpuUs')) - before;
  return cpuUs / Math.max(1, (await versionOf(weft)) - from);
}

async function subscriberPoint(
  rig: Rig,
  clients: Child,
  metric: string,
  count: number,
  { roundMs }: Effort,
): Promise<SubscriberPoint> {
  const { weft, feeder } = rig;
  const alone = await cpuOfPublish(weft, roundMs);
  const order: SubscribersOrder = {
    url: `ws://127.0.0.1:${weft.port}/telemetry/stream`,
    count,
    switches: null,
    metrics: [metric],
  };
  await clients.ask('open', order);
  await clients.ask('take');
  let cpuUs = 0;
  let received: Received = { messages: 0, bytes: 0 };
  // A machine that stalls for a whole (smoke) round has measured nothing, but broken nothing either.
  for (let attempt = 0; received.messages === 0 && attempt < ATTEMPTS; attempt++) {
    cpuUs = (await cpuOfPublish(weft, roundMs)) - alone;
    received = await clients.ask<Received>('take');
  }
  if (received.messages === 0) throw new Error(`no message of ${metric} arrived`);
  // Throws what the subscriber that checks every frame has found wrong.
  await clients.ask('state');
  await clients.ask('close');
  const changed = await feeder.ask<ChangedCells>('changed');
  return {
    subscribers: count,
    changedCells: changed.columns[metric] ?? NaN,
    cpuUs,
    wireBytes: received.bytes / received.messages,
  };
}

export interface ServingPoints {
  readonly request: RequestPoint;
  readonly subscribers: readonly SubscriberPoint[];
}

/** Requests beside a table that does not change, then subscribers of one that does. */
export function servingPoints(
  size: Size,
  effort: Effort,
  note: (text: string) => void,
): Promise<ServingPoints> {
  return withChildren(async (keep) => {
    const rig = await startRig(keep, size, effort.everyMs);
    note(`${effort.requests} requests`);
    const request = await requestPoint(keep, rig, effort.requests);
    const clients = keep(new Child('subscribers-child'));
    await rig.feeder.ask('mode', effort.everyMs satisfies FeederMode);
    const subscribers: SubscriberPoint[] = [];
    for (const metric of SELECTIONS) {
      for (const count of effort.subscribers) {
        note(`${count} subscribers of ${metric}`);
        subscribers.push(await subscriberPoint(rig, clients, metric, count, effort));
      }
    }
    return { request, subscribers };
  });
}
