/**
 * Clients of a table that is replaced without a pause, in a thread of their own. Every cell says which
 * publish it is of, so an answer made of two shows.
 */
import { connect, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { COLUMNS, keyOf, ROWS, textOf } from './race-cells.js';

export interface ReadRaceStart {
  readonly port: number;
  readonly connections: number;
  /** Of each thread that serves, and of all together. */
  readonly readsMin: number;
  readonly readsTotal: number;
  readonly threads: number;
}

export interface ReadRaceReport {
  /** The first answers that were wrong. */
  readonly wrong: readonly string[];
  /** Answers by thread. */
  readonly reads: Readonly<Record<string, number>>;
  /** Different versions that were seen. */
  readonly versions: number;
}

const WRONG_SHOWN_MAX = 5;
const GROUP = 2;
/** Sends an answer the whole way, not the short one. */
const WHOLE_WAY = 'If-None-Match: "another"\r\n';

class Client {
  thread = '';
  version = 0;
  readonly #socket: Socket;
  #text = '';
  #answered: (text: string) => void = () => {};
  #failed: (error: Error) => void = () => {};

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1');
    this.#socket.on('data', (chunk: string) => this.#take(chunk));
    this.#socket.on('error', (error) => this.#failed(error));
    this.#socket.on('close', () => this.#failed(new Error('closed')));
  }

  ask(path: string, headers: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: w\r\n${headers}\r\n`);
    });
  }

  #take(chunk: string): void {
    this.#text += chunk;
    const head = this.#text.indexOf('\r\n\r\n') + 4;
    const length = Number(/^content-length: (\d+)/im.exec(this.#text)?.[1] ?? Number.NaN);
    if (head < 4 || this.#text.length < head + length) return;
    const text = this.#text;
    this.#text = '';
    this.#answered(text);
  }

  end(): void {
    this.#socket.destroy();
  }
}

const { port, connections, readsMin, readsTotal, threads } = workerData as ReadRaceStart;
const clients = Array.from({ length: connections }, () => new Client(port));
const wrong: string[] = [];
const reads: Record<string, number> = {};
const seen = new Set<number>();
/** The newest version that any client was answered, and what lies between versions and publishes. */
let newest = 0;
let offset: number | null = null;

async function read(client: Client, turn: number): Promise<void> {
  const before = newest;
  const column = COLUMNS[turn % COLUMNS.length]!;
  const key = keyOf(turn % ROWS);
  const path = `/telemetry/GetMetric?switch_id=${key}&metric=${column}`;
  const text = await client.ask(path, turn % 4 === 0 ? WHOLE_WAY : '');
  const version = Number(/"snapshot_id":"[a-z0-9]+-(\d+)"/.exec(text)?.[1]);
  const publish = Date.parse(/"timestamp":"([^"]+)"/.exec(text)?.[1] ?? '');
  const value = /"value":(.*?),"timestamp"/.exec(text)?.[1];
  const told = version - (offset ??= version - publish) === publish;
  const isRight = text.startsWith('HTTP/1.1 200') && told && value === textOf(column, publish);
  // What anybody was answered before this was asked is in every answer.
  if (!isRight || version < before || version < client.version) {
    if (wrong.length < WRONG_SHOWN_MAX) wrong.push(`${before} ${client.version} ${column} ${text}`);
  }
  client.version = version;
  newest = Math.max(newest, version);
  seen.add(version);
  client.thread ||= /^x-request-id: ([a-z0-9]+)-/im.exec(text)?.[1] ?? '';
  reads[client.thread] = (reads[client.thread] ?? 0) + 1;
}

const isEnough = (): boolean => {
  const counts = Object.values(reads);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const all = counts.length >= threads && Math.min(...counts) >= readsMin && total >= readsTotal;
  return wrong.length >= WRONG_SHOWN_MAX || all;
};

/** A few clients that ask at the same time, again and again. */
async function readOn(group: readonly Client[], first: number): Promise<void> {
  for (let turn = first; !isEnough(); turn += group.length) {
    await Promise.all(group.map((client, i) => read(client, turn + i)));
  }
}

const groups = [];
for (let i = 0; i < connections; i += GROUP) groups.push(readOn(clients.slice(i, i + GROUP), i));
await Promise.all(groups);
for (const client of clients) client.end();
parentPort!.postMessage({ wrong, reads, versions: seen.size } satisfies ReadRaceReport);
