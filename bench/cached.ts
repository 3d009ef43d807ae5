/** Question: what does a list cost that is encoded already, against a file that nginx serves? */
import {
  median,
  pairedRatio,
  sampleInTurn,
  type Bench,
  type BenchContext,
  type BenchRow,
} from './harness.js';
import { Child, withChildren } from './parts/child.js';
import type { AmountOrder, Drained } from './parts/drain-child.js';
import { startLists, type ListsRig, type ServedList } from './parts/lists.js';
import type { BareOrder } from './parts/bare-child.js';
import type { NginxOrder, NginxRunning } from './parts/nginx-child.js';
import { cpuMsOf } from './parts/proc.js';
import { fetchOnce } from './parts/weft.js';

interface Sizes {
  readonly rows: number;
  readonly columns: number;
  readonly smallBytes: number;
  /** Responses of one round. */
  readonly smallAmount: number;
  readonly largeAmount: number;
}

const FULL: Sizes = { rows: 12_800, columns: 100, smallBytes: 15_000, smallAmount: 30_000, largeAmount: 120 };
const SMOKE: Sizes = { rows: 300, columns: 40, smallBytes: 5_000, smallAmount: 40, largeAmount: 8 };
const SMALL_CONNECTIONS = 32;
const LARGE_CONNECTIONS = 4;
/** sendfile hands pages of the file to the socket: nobody who writes from memory can do so. */
const NGINX = [
  { label: 'sendfile on', folder: '/', limit: ' (limit 0.9)' },
  { label: 'sendfile off', folder: '/copied/', limit: '' },
] as const;
/** The library's own ones, when it serves alone. */
const BARE_HEADERS = new Set(['date', 'content-length', 'connection', 'uwebsockets', 'server']);
/** Headers that each server writes by itself. */
const OWN_HEADERS = new Set(['date', 'content-length', 'connection', 'content-type', 'etag']);

interface Server {
  readonly port: number;
  readonly pid: number;
  readonly path: string;
}

interface Case {
  readonly name: string;
  readonly list: ServedList;
  readonly file: string;
  readonly connections: number;
  readonly amount: number;
}

/** CPU of the serving process for one response, µs; null where /proc is absent. */
async function costOf(drain: Child, server: Server, one: Case): Promise<number> {
  const { connections, amount, list } = one;
  const order: AmountOrder = { port: server.port, path: server.path, connections, amount };
  const before = cpuMsOf(server.pid);
  const { bytes } = await drain.ask<Drained>('amount', order, 120_000);
  // The age at the end of a list may have a digit more by now.
  if (Math.abs(bytes / amount - list.bytes.length) > 8) {
    throw new Error(`${bytes / amount} bytes were sent for ${list.path}, it has ${list.bytes.length}`);
  }
  return (((cpuMsOf(server.pid) ?? NaN) - (before ?? NaN)) * 1000) / amount;
}

async function startNginx(child: Child, cases: readonly Case[]): Promise<NginxRunning | null> {
  const [{ headers }] = cases.map(({ list }) => list) as [ServedList];
  const added = Object.entries(headers).filter(([name]) => !OWN_HEADERS.has(name.toLowerCase()));
  const files = cases.map(({ file, list }) => ({ name: file, base64: list.bytes.toString('base64') }));
  const order: NginxOrder = { files, headers: Object.fromEntries(added) };
  const running = await child.ask<NginxRunning | null>('start', order);
  if (!running) return null;
  for (const { file, list } of cases) {
    const { body } = await fetchOnce(`http://127.0.0.1:${running.port}/${file}`);
    if (!body.equals(list.bytes)) throw new Error(`nginx serves other bytes as ${file}`);
  }
  return running;
}

/** The library itself with a constant: what no server that is made with it can be below. */
async function startBare(child: Child, { list }: Case): Promise<Server> {
  const own = Object.entries(list.headers).filter(([name]) => !BARE_HEADERS.has(name.toLowerCase()));
  const order: BareOrder = { headers: Object.fromEntries(own), body: list.bytes.toString() };
  return { port: await child.ask<number>('listen', order), pid: child.pid, path: '/' };
}

function casesOf({ large, small }: ListsRig, sizes: Sizes): Case[] {
  const kb = (list: ServedList): string =>
    `${Math.round(list.bytes.length / 1000).toLocaleString('en-US')} kB`;
  const { smallAmount, largeAmount } = sizes;
  return [
    { name: kb(small), list: small, file: 'small', connections: SMALL_CONNECTIONS, amount: smallAmount },
    { name: kb(large), list: large, file: 'large', connections: LARGE_CONNECTIONS, amount: largeAmount },
  ];
}

/** Who else sends the bytes of a list. */
interface Peer {
  readonly name: string;
  readonly server: Server;
  readonly limit: string;
}

function rowsOf(
  { name }: Case,
  weft: readonly number[],
  peers: readonly Peer[],
  costs: readonly (readonly number[])[],
): BenchRow[] {
  const what = `cached list of ${name}: CPU per response`;
  const value = (us: readonly number[]): number | null => (us.some(Number.isNaN) ? null : median(us));
  const row: BenchRow = { what, value: value(weft), unit: 'µs' };
  if (peers.length === 0) return [{ ...row, against: 'nginx is absent' }];
  return peers.flatMap((peer, i) => {
    const ratio = pairedRatio(weft, costs[i]!);
    const against = `${peer.name}${peer.limit}`;
    const own = { ...row, what: i === 0 ? what : `${what}, against ${peer.name}` };
    return [
      // A smoke run is shorter than a tick of the clock that counts CPU.
      Number.isFinite(ratio) ? { ...own, against, ratio } : { ...own, against },
      { what: `${peer.name}, ${name}: CPU per response`, value: value(costs[i]!), unit: 'µs' },
    ];
  });
}

async function run({ smoke, rounds, note }: BenchContext): Promise<BenchRow[]> {
  const sizes = smoke ? SMOKE : FULL;
  return withChildren(async (keep) => {
    const rig = await startLists(keep, sizes.rows, sizes.columns, sizes.smallBytes);
    const drain = keep(new Child('drain-child'));
    const cases = casesOf(rig, sizes);
    const nginx = await startNginx(keep(new Child('nginx-child')), cases);
    if (!nginx) note('there is no nginx in PATH or /usr/sbin');
    const rows: BenchRow[] = [];
    for (const one of cases) {
      note(`${one.name}, ${one.amount} responses a round`);
      const weft: Server = { port: rig.weft.port, pid: rig.weft.child.pid, path: one.list.path };
      const peers: Peer[] = NGINX.flatMap(({ label, folder, limit }) => {
        if (!nginx) return [];
        const server = { port: nginx.port, pid: nginx.workerPid, path: `${folder}${one.file}` };
        return [{ name: `nginx, the same bytes from a file, ${label}`, server, limit }];
      });
      // It takes no constant of many megabytes at once.
      if (one.file === 'small') {
        const server = await startBare(keep(new Child('bare-child')), one);
        peers.push({ name: 'bare uWebSockets.js, the same bytes', server, limit: '' });
      }
      const [own, ...costs] = await sampleInTurn(rounds, [
        { name: 'weft', run: () => costOf(drain, weft, one) },
        ...peers.map(({ name, server }) => ({ name, run: () => costOf(drain, server, one) })),
      ]);
      rows.push(...rowsOf(one, own!, peers, costs));
    }
    return rows;
  });
}

export const bench: Bench = {
  name: 'cached',
  question: 'What does a list cost that is encoded already, against a file that nginx serves?',
  run,
};
