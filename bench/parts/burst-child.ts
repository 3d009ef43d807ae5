/**
 * As many requests as a server answers, some at a time on each connection: the next ones leave when all
 * of them were answered. Written for this, because a general client costs more than what it measures.
 */
import { connect, type Socket } from 'node:net';
import { answerParent } from './answer.js';

export interface BurstOrder {
  readonly port: number;
  readonly paths: readonly string[];
  readonly connections: number;
  /** Requests at a time on one connection. */
  readonly depth: number;
  /** Requests in all, at the least. */
  readonly amount: number;
}

export interface BurstResult {
  /** Answered, all of them with 200. */
  readonly count: number;
  readonly seconds: number;
}

const HEAD_END = '\r\n\r\n';
const OK = 'HTTP/1.1 200';
/** The end of a header's name, whose case differs from server to server. */
const LENGTH = 'ength: ';

/** One connection, with a burst under way. */
class Line {
  readonly #socket: Socket;
  readonly #depth: number;
  readonly #onBurst: (line: Line) => void;
  readonly #onError: (error: Error) => void;
  #text = '';
  #answered = 0;

  constructor(order: BurstOrder, onBurst: (line: Line) => void, onError: (error: Error) => void) {
    this.#depth = order.depth;
    this.#onBurst = onBurst;
    this.#onError = onError;
    this.#socket = connect({ port: order.port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (bytes: Buffer) => this.#read(bytes.toString('latin1')));
    this.#socket.on('error', onError);
    this.#socket.on('close', () => onError(new Error('the server closed a connection')));
  }

  send(burst: Buffer): void {
    this.#answered = 0;
    this.#socket.write(burst);
  }

  #read(more: string): void {
    const text = this.#text === '' ? more : this.#text + more;
    let at = 0;
    for (;;) {
      const head = text.indexOf(HEAD_END, at);
      if (head < 0) break;
      if (!text.startsWith(OK, at)) return this.#onError(new Error(text.slice(at, at + 300)));
      const length = text.lastIndexOf(LENGTH, head) + LENGTH.length;
      const end = head + HEAD_END.length + parseInt(text.slice(length, length + 10), 10);
      if (!(end <= text.length)) break;
      this.#answered++;
      at = end;
    }
    this.#text = at === text.length ? '' : text.slice(at);
    if (this.#answered === this.#depth) this.#onBurst(this);
  }

  end(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.destroy();
  }
}

/** Requests of `depth` paths each, made in advance; together they ask for every path alike. */
function burstsOf({ paths, depth }: BurstOrder): Buffer[] {
  return paths.map((_, first) => {
    const path = (i: number): string => paths[(first * depth + i) % paths.length]!;
    const one = (i: number): string =>
      `GET ${path(i)} HTTP/1.1\r\nHost: bench\r\nConnection: keep-alive\r\n\r\n`;
    return Buffer.from(Array.from({ length: depth }, (__, i) => one(i)).join(''), 'latin1');
  });
}

async function burst(order: BurstOrder): Promise<BurstResult> {
  const bursts = burstsOf(order);
  const wanted = Math.ceil(order.amount / order.depth);
  const startedMs = performance.now();
  const lines: Line[] = [];
  await new Promise<void>((resolve, reject) => {
    let sent = 0;
    let done = 0;
    const next = (line: Line): void => {
      if (sent < wanted) line.send(bursts[sent++ % bursts.length]!);
    };
    const answered = (line: Line): void => {
      if (++done === wanted) resolve();
      else next(line);
    };
    for (let i = 0; i < order.connections; i++) {
      lines.push(new Line(order, answered, reject));
      next(lines[i]!);
    }
  }).finally(() => lines.forEach((line) => line.end()));
  return { count: wanted * order.depth, seconds: (performance.now() - startedMs) / 1000 };
}

answerParent({ burst });
