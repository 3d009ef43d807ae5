/**
 * Question: how much may the main thread do for a publish and for a list? No times: counts, which are
 * the same on every machine. More than the limit is an error, also in the smoke run: that guards what
 * the other benches have gained.
 */
import type { Bench, BenchContext, BenchRow } from './harness.js';
import { Child, withChildren } from './parts/child.js';
import type { MainCounts } from './parts/counted-child.js';
import type { FeederMode, FeederOrder } from './parts/feeder-child.js';
import { fetchBody } from './parts/upstream.js';
import { fetchOnce, pause, publishes, startProgram, statsOf, versionOf, type Program } from './parts/weft.js';

interface Sizes {
  readonly rows: number;
  readonly columns: number;
  readonly warmUp: number;
  readonly publishes: number;
  readonly lists: number;
}

const FULL: Sizes = { rows: 20_000, columns: 120, warmUp: 8, publishes: 20, lists: 5 };
const SMOKE: Sizes = { rows: 3_000, columns: 40, warmUp: 6, publishes: 6, lists: 5 };
const BODIES = 3;
const POLL_MS = 50;
/** What one write may be: not taken from the code, which this guards. */
const SLICE_BYTES = 256 * 1024;
const LIST = '/telemetry/ListMetrics?shape=columns';

/** One thing that is counted, and the most that is right; null where time decides it, too. */
interface Count {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly limit: number | null;
}

interface Rig {
  readonly sizes: Sizes;
  readonly weft: Program;
  readonly feeder: Child;
  readonly bodyBytes: number;
}

async function startRig(keep: (child: Child) => Child, sizes: Sizes): Promise<Rig> {
  const feeder = keep(new Child('feeder-child'));
  const order: FeederOrder = { dialect: 'ufm', rows: sizes.rows, columns: sizes.columns, bodies: BODIES };
  const upstream = await feeder.ask<string>('start', order);
  const { byteLength: bodyBytes } = await fetchBody(upstream);
  const flags = { 'upstream-url': upstream, 'poll-ms': POLL_MS };
  const weft = await startProgram(keep, 'serve', flags, 'counted-child');
  return { sizes, weft, feeder, bodyBytes };
}

/** A version that stays, and what had been counted by then. */
async function hold({ weft, feeder }: Rig): Promise<{ version: number; counts: MainCounts }> {
  await feeder.ask('mode', 'hold' satisfies FeederMode);
  const unchanged = async (): Promise<number> => {
    return Object.values((await statsOf(weft)).sources)[0]!.polls.not_modified;
  };
  // Two answers without news: whatever came before the first of them is published.
  const since = await unchanged();
  while ((await unchanged()) < since + 2) await pause(POLL_MS);
  return { version: await versionOf(weft), counts: await weft.child.ask<MainCounts>('counts') };
}

async function publishCounts(rig: Rig): Promise<Count[]> {
  const { sizes, weft, feeder, bodyBytes } = rig;
  await feeder.ask('mode', 'loop' satisfies FeederMode);
  await publishes(weft, sizes.warmUp);
  const before = await hold(rig);
  await feeder.ask('mode', 'loop' satisfies FeederMode);
  await publishes(weft, before.version + sizes.publishes);
  const after = await hold(rig);
  const times = after.version - before.version;
  const per = (pick: (counts: MainCounts) => number): number =>
    (pick(after.counts) - pick(before.counts)) / times;
  const turns = after.counts.turns === null ? [] : [per((counts) => counts.turns ?? 0)];
  return [
    {
      what: 'a publish: bytes copied on the main thread, of those of its body',
      value: per((counts) => counts.copiedBytes) / bodyBytes,
      unit: '×',
      // Bodies differ by a few digits.
      limit: 1.05,
    },
    {
      what: 'a publish: messages to workers',
      value: per((counts) => counts.messages),
      unit: '',
      // Of one source: the parse alone.
      limit: 1,
    },
    {
      what: `${times} publishes: shared buffers made`,
      value: after.counts.buffers - before.counts.buffers,
      unit: '',
      limit: 0,
    },
    ...turns.map((value) => ({
      what: 'a publish: turns of the event loop, polls without news and requests included',
      value,
      unit: '',
      limit: null,
    })),
  ];
}

/** A line of /metrics without labels. */
async function metricOf(weft: Program, name: string): Promise<number> {
  const { body } = await fetchOnce(`${weft.url}/metrics`);
  const line = new RegExp(`^${name} (\\S+)$`, 'm').exec(body.toString());
  if (!line) throw new Error(`/metrics has no ${name}`);
  return Number(line[1]);
}

const ENCODED = ['weft_list_jobs_total', 'weft_list_inline_total'];

async function encodedSoFar(weft: Program): Promise<number> {
  let sum = 0;
  for (const name of ENCODED) sum += await metricOf(weft, name);
  return sum;
}

async function listCounts({ weft, sizes }: Rig): Promise<Count[]> {
  const encodedBefore = await encodedSoFar(weft);
  const url = weft.url + LIST;
  // All at once, while the first is being encoded, and then one after the other.
  const [first, ...same] = await Promise.all(Array.from({ length: sizes.lists }, () => fetchOnce(url)));
  const before = await weft.child.ask<MainCounts>('counts');
  for (let i = 0; i < sizes.lists; i++) same.push(await fetchOnce(url));
  const after = await weft.child.ask<MainCounts>('counts');
  const bytes = first!.body.length;
  const etag = first!.headers['ETag'];
  if (same.some(({ status, headers }) => status !== 200 || headers['ETag'] !== etag)) {
    throw new Error('identical lists of one snapshot were answered differently');
  }
  const slices = Math.ceil(bytes / SLICE_BYTES);
  return [
    {
      what: `${2 * sizes.lists} identical lists: encoded`,
      value: (await encodedSoFar(weft)) - encodedBefore,
      unit: '',
      limit: 1,
    },
    {
      what: 'a list: messages to workers once it is encoded',
      value: after.messages - before.messages,
      unit: '',
      limit: 0,
    },
    {
      what: `a list of ${Math.round(bytes / 1000)} kB: writes to its socket`,
      value: (after.writes - before.writes) / sizes.lists,
      unit: '',
      // A socket that is full for a moment takes a slice in two parts; the end is one more.
      limit: 3 * slices + 2,
    },
  ];
}

function rowOf({ what, value, unit, limit }: Count): BenchRow {
  if (limit === null) return { what, value, unit };
  if (!(value <= limit)) throw new Error(`${what}: ${value} ${unit}, the limit is ${limit}`);
  const row = { what, value, unit, against: `the limit, ${Math.round(limit * 100) / 100}` };
  return limit === 0 ? row : { ...row, ratio: value / limit };
}

async function run({ smoke, note }: BenchContext): Promise<BenchRow[]> {
  const sizes = smoke ? SMOKE : FULL;
  return withChildren(async (keep) => {
    const rig = await startRig(keep, sizes);
    note(`${sizes.publishes} publishes, then ${2 * sizes.lists} identical lists`);
    const counts = [...(await publishCounts(rig)), ...(await listCounts(rig))];
    return counts.map(rowOf);
  });
}

export const bench: Bench = {
  name: 'counts',
  question: 'How much does the main thread do for a publish and for a list?',
  run,
};
