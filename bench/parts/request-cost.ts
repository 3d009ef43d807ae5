/**
 * What one GetMetric costs the process that serves it: weft, the bare library with a constant of the same
 * size and headers, and the same work behind node:http and fastify.
 */
import { median, pairedRatio, sampleInTurn, type BenchRow } from '../harness.js';
import type { BareOrder } from './bare-child.js';
import type { BurstOrder, BurstResult } from './burst-child.js';
import { Child } from './child.js';
import type { NodeFramework, NodeOrder } from './node-child.js';
import { checkAnswers, type Query } from './queries.js';
import { fetchOnce, type Answer, type Program } from './weft.js';

/** Requests at a time on one connection: what the kernel costs is shared by so many. */
const DEPTH = 16;
const PER_ROUND_PIPELINED = 4;
const GARBAGE_REQUESTS = 20_000;
const GARBAGE_BYTES_MAX = 600;
const GARBAGE_ATTEMPTS = 5;
/** What a round of a slower server may be less than that of a faster one. */
const PER_ROUND_NODE = 0.25;
/** Cells whose answers are compared, of each peer. */
const CHECKED = 30;
/** Headers that the libraries write by themselves. */
const OWN_HEADERS = new Set(['date', 'content-length', 'connection', 'keep-alive', 'uwebsockets', 'server']);
/** What differs from answer to answer. */
const LIVE_HEADERS = new Set(['x-request-id', 'etag', 'x-snapshot-ts', 'x-data-age-ms']);
const LIVE_MEMBERS = new Set(['snapshot_id', 'age_ms']);

export interface CostSizes {
  /** Requests of one round. */
  readonly amount: number;
  readonly connections: number;
}

interface Server {
  readonly child: Child;
  readonly port: number;
}

export interface CostRig {
  readonly sizes: CostSizes;
  readonly weft: Program;
  readonly bare: Server;
  readonly node: Server;
  readonly fastify: Server;
  readonly load: Child;
  readonly queries: readonly Query[];
}

function ownHeaders({ headers }: Answer): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN_HEADERS.has(name.toLowerCase())));
}

async function startBare(child: Child, sample: Query, weft: Program): Promise<Server> {
  const answer = await fetchOnce(weft.url + sample.path);
  const order: BareOrder = { headers: ownHeaders(answer), body: answer.body.toString() };
  return { child, port: await child.ask<number>('listen', order) };
}

/** What must be the same whoever answers, as one text. */
function sameness(answer: Answer): string {
  const headers = Object.entries(ownHeaders(answer)).map(([name, value]) => {
    const key = name.toLowerCase();
    // fastify names the only charset that JSON has.
    return LIVE_HEADERS.has(key) ? key : `${key}: ${value.replace('; charset=utf-8', '')}`;
  });
  // Texts of the body, not values: JSON.parse would round large integers.
  const members = answer.body.toString().split(/,(?="[a-z_]+":)/);
  const steady = members.map((member) => {
    const name = /"([a-z_]+)"/.exec(member)?.[1] ?? '';
    return LIVE_MEMBERS.has(name) ? name : member;
  });
  return [...headers.sort(), ...steady].join('\n');
}

async function startNode(
  child: Child,
  order: NodeOrder,
  queries: readonly Query[],
  weft: Program,
): Promise<Server> {
  const port = await child.ask<number>('listen', order);
  const url = `http://127.0.0.1:${port}`;
  await checkAnswers({ url }, queries, null);
  for (const { path } of queries) {
    const [ours, theirs] = [await fetchOnce(weft.url + path), await fetchOnce(url + path)];
    if (sameness(ours) !== sameness(theirs)) {
      throw new Error(`${order.framework} answers ${sameness(theirs)}\n\nweft answers ${sameness(ours)}`);
    }
  }
  return { child, port };
}

export async function startCostRig(
  keep: (child: Child) => Child,
  rig: Pick<CostRig, 'sizes' | 'weft' | 'queries'> & { readonly upstream: string },
): Promise<CostRig> {
  const { weft, queries, upstream, sizes } = rig;
  const node = (framework: NodeFramework): Promise<Server> =>
    startNode(keep(new Child('node-child')), { framework, upstream }, queries.slice(0, CHECKED), weft);
  return {
    sizes,
    weft,
    queries,
    bare: await startBare(keep(new Child('bare-child')), queries[0]!, weft),
    node: await node('node:http'),
    fastify: await node('fastify'),
    load: keep(new Child('burst-child')),
  };
}

/** Server CPU per request, in µs of user and system time, under as much load as one client makes. */
async function costOf(rig: CostRig, { child, port }: Server, depth: number, amount: number): Promise<number> {
  const paths = rig.queries.map(({ path }) => path);
  const order: BurstOrder = { port, paths, connections: rig.sizes.connections, depth, amount };
  const before = await child.ask<number>('cpuUs');
  const { count } = await rig.load.ask<BurstResult>('burst', order, 120_000);
  return ((await child.ask<number>('cpuUs')) - before) / count;
}

const US = 'µs';
const BARE = 'bare uWebSockets.js, constant';

/** One request at a time on each connection: weft and its peers. */
export async function costRows(rig: CostRig, rounds: number): Promise<BenchRow[]> {
  const { amount } = rig.sizes;
  const slower = Math.ceil(amount * PER_ROUND_NODE);
  const [weft, bare, node, fastify] = await sampleInTurn(rounds, [
    { name: 'weft', run: () => costOf(rig, rig.weft, 1, amount) },
    { name: 'bare', run: () => costOf(rig, rig.bare, 1, amount) },
    { name: 'node:http', run: () => costOf(rig, rig.node, 1, slower) },
    { name: 'fastify', run: () => costOf(rig, rig.fastify, 1, slower) },
  ]);
  const what = 'GetMetric: server CPU per request';
  const row = (against: string, peer: readonly number[]): BenchRow => ({
    what: peer === bare ? what : `${what}, against ${against}`,
    value: median(weft!),
    unit: US,
    against,
    ratio: pairedRatio(weft!, peer),
  });
  return [
    row(BARE, bare!),
    row('node:http, the same work', node!),
    row('fastify, the same work', fastify!),
    { what: 'bare uWebSockets.js: server CPU per request', value: median(bare!), unit: US },
    { what: 'node:http: server CPU per request', value: median(node!), unit: US },
    { what: 'fastify: server CPU per request', value: median(fastify!), unit: US },
  ];
}

/**
 * Bytes that the handler of one request leaves to the garbage collector. Throws beyond the limit: an
 * object, closure or array more for each request is a mistake that no noise hides.
 */
export async function garbageRow({ load, weft, queries, sizes }: CostRig): Promise<BenchRow> {
  const paths = queries.map(({ path }) => path);
  const { connections } = sizes;
  const ask = (amount: number): Promise<BurstResult> =>
    load.ask<BurstResult>('burst', { port: weft.port, paths, connections, depth: DEPTH, amount });
  // Cells are resolved, bodies composed and functions compiled before; on a busy machine that takes longer.
  let bytes = Infinity;
  for (let attempt = 0; attempt < GARBAGE_ATTEMPTS && bytes > GARBAGE_BYTES_MAX; attempt++) {
    await ask(GARBAGE_REQUESTS);
    await weft.child.ask('startHeapSamples');
    const { count } = await ask(GARBAGE_REQUESTS);
    bytes = (await weft.child.ask<number>('stopHeapSamples', '/server/dispatch.js')) / count;
  }
  if (bytes > GARBAGE_BYTES_MAX) {
    throw new Error(`a GetMetric allocates ${bytes.toFixed(0)} bytes, more than ${GARBAGE_BYTES_MAX}`);
  }
  return { what: 'GetMetric: heap allocated by its handler', value: bytes, unit: 'bytes' };
}

/** Sixteen requests at a time: what JavaScript does stands out, because the kernel does less. */
export async function pipelinedRows(rig: CostRig, rounds: number): Promise<BenchRow[]> {
  const amount = rig.sizes.amount * PER_ROUND_PIPELINED;
  const [weft, bare] = await sampleInTurn(rounds, [
    { name: 'weft', run: () => costOf(rig, rig.weft, DEPTH, amount) },
    { name: 'bare', run: () => costOf(rig, rig.bare, DEPTH, amount) },
  ]);
  const what = `GetMetric, ${DEPTH} at a time on a connection: server CPU per request`;
  return [
    { what, value: median(weft!), unit: US, against: BARE, ratio: pairedRatio(weft!, bare!) },
    { what: `${what}, more than bare`, value: median(weft!.map((us, i) => us - bare![i]!)), unit: US },
  ];
}
