/**
 * A reader thread from its start to its end. Its sockets must be closed before the thread ends, in
 * whatever way: the runtime aborts the whole process when it finds one open.
 */
import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { FabricMirror } from '../../fabric/mirror.js';
import type { FabricNews } from '../../fabric/table-feed.js';
import { clockAs, systemRandom, type Clock } from '../../model/clock.js';
import { ReaderBoard } from '../../snapshot/reader-board.js';
import { Stats } from '../../stats/stats.js';
import { ENDPOINT_NAMES } from '../endpoint.js';
import type { ToMain, ToReader } from '../relay/messages.js';
import { portLog } from './port-log.js';
import { startReaderServer, type ReaderOptions, type ReaderServer } from './reader-server.js';

/** What a reader is started with. */
export interface ReaderStart {
  /** Its place on the board: main is 0. */
  readonly thread: number;
  readonly board: SharedArrayBuffer;
  /** Carries FabricNews. */
  readonly news: MessagePort;
  readonly port: number;
  readonly options: ReaderOptions;
  readonly sources: readonly { readonly id: string; readonly maxStaleMs: number }[];
  /** monotonicOffsetMs of main. */
  readonly monotonicOffsetMs: number;
}

/** Counts go to main so often without being asked for: what a lost thread had not sent is lost. */
const COUNTS_MS = 1000;

export function runReader(port: MessagePort, start: ReaderStart): void {
  const post = (message: ToMain, transfer: readonly ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer);
  const clock = clockAs(start.monotonicOffsetMs);
  const board = ReaderBoard.open(start.board);
  const fabric = mirror(start, board, clock);
  const stats = new Stats({ version: start.options.version, clock, endpoints: ENDPOINT_NAMES, sources: [] });
  let server: ReaderServer;
  try {
    server = startReaderServer({
      options: start.options,
      port: start.port,
      fabric,
      stats,
      clock,
      random: systemRandom,
      log: portLog({ postMessage: post }, { reader: start.thread }),
      end: { postMessage: post },
      connections: {
        add: (change) => board.addConnections(start.thread, change),
        get total() {
          return board.connections;
        },
      },
    });
  } catch (error) {
    post({ kind: 'cannotListen', message: (error as Error).message });
    start.news.close();
    stats.close();
    port.close();
    return;
  }
  const end = (): void => {
    server.running.close();
    board.closed(start.thread);
  };
  process.on('exit', end);
  const sendCounts = (order: number): void => {
    const delta = stats.take();
    if (delta !== null || order > 0) post({ kind: 'stats', order, delta });
  };
  const sendInTurn = (): void => {
    sendCounts(0);
    clock.schedule(COUNTS_MS, sendInTurn);
  };
  clock.schedule(COUNTS_MS, sendInTurn);
  const finish = (): void => {
    server.running.close();
    sendCounts(0);
    start.news.close();
    stats.close();
    port.close();
    // The library's handles close in a later turn.
    setImmediate(() => setImmediate(() => board.closed(start.thread)));
  };
  port.on('message', (message: ToReader) => {
    if (message.kind === 'collect') sendCounts(message.order);
    else if (message.kind === 'drain') void server.running.drain(message.deadlineMs).then(finish);
    else if (message.kind === 'close') finish();
    else server.take(message);
  });
  post({ kind: 'listening' });
}

function mirror({ news, sources, thread }: ReaderStart, board: ReaderBoard, clock: Clock): FabricMirror {
  const take = (): FabricNews | undefined =>
    (receiveMessageOnPort(news) as { message: FabricNews } | undefined)?.message;
  const fabric = new FabricMirror({ board, thread, sources, clock, take });
  // Taken while nobody asks, too: what a publish has replaced waits for it. Main announces what it has
  // posted at once: the next turn is late enough.
  const settle = (): void => {
    if (!fabric.refresh()) setImmediate(settle);
  };
  news.on('message', (message: FabricNews) => {
    fabric.offer(message);
    settle();
  });
  return fabric;
}
