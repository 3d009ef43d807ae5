/** One reader thread as main has it: started, asked, and stopped; never terminated. */
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import type { TableFeed } from '../../fabric/table-feed.js';
import type { ReportFailure, Service } from '../../lifecycle/service.js';
import { monotonicOffsetMs, type Clock } from '../../model/clock.js';
import type { Logger } from '../../model/log.js';
import type { ReaderBoard } from '../../snapshot/reader-board.js';
import type { ReaderDocument } from '../../stats/document.js';
import type { Stats } from '../../stats/stats.js';
import type { ToMain, ToReader } from '../relay/messages.js';
import { RelayDesk, type ServerGate } from '../relay/relay-desk.js';
import type { ReaderOptions } from './reader-server.js';
import type { ReaderStart } from './run-reader.js';

const THREAD_URL = new URL('../../../workers/reader-thread.js', import.meta.url);
/** Counts that do not come in time are shown with the next ones. */
const COLLECT_MS_MAX = 1000;

export interface ReaderThreadDeps {
  readonly thread: number;
  readonly board: ReaderBoard;
  readonly feed: TableFeed;
  readonly gate: () => ServerGate;
  /** That main listens on. */
  readonly port: () => number;
  readonly options: ReaderOptions;
  readonly sources: ReaderStart['sources'];
  readonly stats: Stats;
  readonly clock: Clock;
  readonly log: Logger;
  /** For requests under way when it is stopped. */
  readonly drainMs: number;
  /** Tests replace it to inject faults. */
  readonly entry?: URL;
}

interface Running {
  readonly worker: Worker;
  readonly desk: RelayDesk;
  readonly news: MessagePort;
  readonly exited: Promise<void>;
  isStopping: boolean;
  reason: string;
}

export class ReaderThread implements Service {
  readonly name: string;
  readonly #deps: ReaderThreadDeps;
  readonly #collecting = new Map<number, () => void>();
  #running: Running | null = null;
  #lastOrder = 0;
  #answeredHere = 0;
  #handedOn = 0;
  #restarts = 0;

  constructor(deps: ReaderThreadDeps) {
    this.#deps = deps;
    this.name = `reader-${deps.thread}`;
  }

  start(fail: ReportFailure): Promise<void> {
    return new Promise((resolve, reject) => {
      const { thread, board, feed, gate, clock } = this.#deps;
      const { port1, port2 } = new MessageChannel();
      board.reset(thread);
      const worker = this.#spawn(port2);
      const desk = new RelayDesk(gate(), worker, clock);
      const exited = new Promise<void>((ended) => worker.once('exit', () => ended()));
      const running: Running = { worker, desk, news: port1, exited, isStopping: false, reason: 'it ended' };
      this.#running = running;
      feed.attach(thread, port1);
      worker.on('message', (message: ToMain) => {
        if (message.kind === 'listening') resolve();
        else if (message.kind === 'cannotListen') running.reason = message.message;
        else this.#take(message, desk);
      });
      worker.on('error', (error) => (running.reason = error.message));
      worker.on('exit', () => {
        this.#ended(running);
        const error = new Error(`the reader thread was lost: ${running.reason}`);
        reject(error);
        if (!running.isStopping) fail(error);
      });
    });
  }

  #spawn(news: MessagePort): Worker {
    const { thread, board, port, options, sources, entry } = this.#deps;
    const workerData: ReaderStart = {
      thread,
      board: board.buffer,
      news,
      port: port(),
      options,
      sources,
      monotonicOffsetMs: monotonicOffsetMs(),
    };
    return new Worker(entry ?? THREAD_URL, { workerData, transferList: [news], name: this.name });
  }

  #take(message: Exclude<ToMain, { readonly kind: 'listening' | 'cannotListen' }>, desk: RelayDesk): void {
    const { stats, log } = this.#deps;
    if (message.kind === 'log') log[message.level](message.event, message.fields, message.message);
    else if (message.kind === 'stats') {
      const { order, delta } = message;
      if (delta !== null) {
        stats.add(delta);
        for (const [, count] of delta.responses) this.#answeredHere += count;
      }
      this.#collecting.get(order)?.();
    } else desk.take(message);
  }

  /** The thread has ended, as it was told or not. */
  #ended(running: Running): void {
    const { thread, board, feed, stats, log } = this.#deps;
    this.#running = null;
    running.news.close();
    feed.detach(thread);
    board.reset(thread);
    this.#handedOn += running.desk.answered;
    running.desk.lost();
    for (const done of [...this.#collecting.values()]) done();
    if (running.isStopping) return;
    this.#restarts++;
    stats.counters.add('reader_restarts');
    log.error('reader.lost', { reader: thread, reason: running.reason }, 'a reader thread was lost');
  }

  /** Resolves when the thread has ended by itself. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    running.isStopping = true;
    this.#post({ kind: 'drain', deadlineMs: this.#deps.drainMs });
    await running.exited;
  }

  /** Before the process ends without a stop: its sockets must be closed by then. Blocks. */
  closeNow(timeoutMs: number): void {
    if (!this.#running) return;
    this.#post({ kind: 'close' });
    this.#deps.board.waitClosed(this.#deps.thread, timeoutMs);
  }

  /** Resolves when what the thread has counted is in stats, or does not come. */
  collect(): Promise<void> {
    if (!this.#running) return Promise.resolve();
    const order = ++this.#lastOrder;
    return new Promise((resolve) => {
      const timer = this.#deps.clock.schedule(COLLECT_MS_MAX, () => done());
      const done = (): void => {
        timer.cancel();
        this.#collecting.delete(order);
        resolve();
      };
      this.#collecting.set(order, done);
      this.#post({ kind: 'collect', order });
    });
  }

  #post(message: ToReader): void {
    this.#running?.worker.postMessage(message);
  }

  /** Answered by main, of those that came in here. */
  get handedOn(): number {
    return this.#handedOn + (this.#running?.desk.answered ?? 0);
  }

  document(state: string): ReaderDocument {
    const { board, thread } = this.#deps;
    const handedOn = this.handedOn;
    return {
      thread: this.name,
      state,
      connections: board.connectionsOf(thread),
      requests: this.#answeredHere + handedOn,
      handed_on: handedOn,
      restarts: this.#restarts,
    };
  }
}
