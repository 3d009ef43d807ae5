/** Many live subscribers in a process of their own, and one that checks every frame. */
import { WebSocket, type RawData } from 'ws';
import { LiveClient } from '../../test/fixtures/live-client.js';
import { answerParent } from './answer.js';

export interface SubscribersOrder {
  /** `ws://127.0.0.1:port/telemetry/stream`. */
  readonly url: string;
  readonly count: number;
  /** Of subscriber i: the rows of patterns i modulo their number; null for all rows. */
  readonly switches: readonly (readonly string[])[] | null;
  /** null: all columns. */
  readonly metrics: readonly string[] | null;
}

export interface Received {
  readonly messages: number;
  readonly bytes: number;
}

/** A row as the checking subscriber has it, values as JSON text. */
export interface CheckedState {
  readonly snapshotId: string | null;
  readonly rows: readonly (readonly [string, Readonly<Record<string, string>>])[];
  readonly history: readonly string[];
}

const ID = 's';
const OPEN_MS_MAX = 30_000;

let sockets: WebSocket[] = [];
let messages = 0;
let bytes = 0;
let checker = new LiveClient();
let failure: Error | null = null;

function received(data: RawData, checks: boolean): void {
  const text = data as Buffer;
  messages++;
  bytes += text.length;
  if (!checks) return;
  try {
    checker.receive(text.toString());
  } catch (error) {
    failure ??= error as Error;
  }
}

/** Resolves when the socket is open, or when its first frame after a subscription came. */
function openOne(order: SubscribersOrder, index: number): Promise<WebSocket> {
  const { url, switches, metrics } = order;
  const socket = new WebSocket(url, { perMessageDeflate: false });
  sockets.push(socket);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no data within ${OPEN_MS_MAX} ms`)), OPEN_MS_MAX);
    let frames = 0;
    socket.on('error', reject);
    socket.on('open', () => {
      const rows = switches === null ? {} : { switches: switches[index % switches.length]! };
      const columns = metrics === null ? {} : { metrics };
      socket.send(JSON.stringify({ op: 'subscribe', id: ID, ...rows, ...columns }));
    });
    socket.on('message', (data) => {
      received(data, index === 0);
      // The hello, then the snapshot.
      if (++frames < 2) return;
      clearTimeout(timer);
      resolve(socket);
    });
  });
}

async function open(order: SubscribersOrder): Promise<void> {
  checker = new LiveClient();
  checker.expect(ID);
  failure = null;
  await Promise.all(Array.from({ length: order.count }, (_, index) => openOne(order, index)));
}

/** Sockets that only listen: for a server that sends without being asked. */
async function listen({ url, count }: SubscribersOrder): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, () => {
      const socket = new WebSocket(url, { perMessageDeflate: false });
      sockets.push(socket);
      socket.on('message', (data) => received(data, false));
      return new Promise((resolve, reject) => {
        socket.once('open', resolve);
        socket.once('error', reject);
      });
    }),
  );
}

async function close(): Promise<void> {
  const closing = sockets.map(
    (socket) =>
      new Promise((resolve) => {
        if (socket.readyState === WebSocket.CLOSED) return resolve(null);
        socket.once('close', resolve);
        socket.close();
      }),
  );
  sockets = [];
  await Promise.all(closing);
}

function state(): CheckedState {
  if (failure) throw failure;
  const view = checker.views.get(ID);
  if (!view) throw new Error('BUG: the checker has no subscription');
  const rows = [...view.rows].map(([key, cells]) => {
    const values = [...cells].map(([name, value]): [string, string] => [
      name,
      typeof value === 'bigint' ? value.toString() : JSON.stringify(value),
    ]);
    return [key, Object.fromEntries(values)] as const;
  });
  return { snapshotId: view.snapshotId, rows, history: view.history };
}

answerParent({
  open,
  listen,
  close,
  state,
  /** Frames and bytes since the last call. */
  take: (): Received => {
    const taken = { messages, bytes };
    messages = 0;
    bytes = 0;
    return taken;
  },
});
