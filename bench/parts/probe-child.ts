/**
 * Latency as a client at a fixed rate meets it (open loop): requests leave when they are due,
 * whether or not earlier ones were answered, and count from then on. That this process itself was
 * scheduled late is not the server's doing and is left out.
 */
import { connect, type Socket } from 'node:net';
import { answerParent } from './answer.js';
import { summarize, type Latencies } from './latencies.js';

export interface ProbeOrder {
  readonly port: number;
  readonly paths: readonly string[];
  readonly connections: number;
  /** Requests a second. */
  readonly rate: number;
}

const TICK_MS = 1;
const HEAD_END = '\r\n\r\n';
const LENGTH = /content-length: *(\d+)/i;

/** One keep-alive connection with at most one request under way. */
class Line {
  readonly #socket: Socket;
  readonly #onAnswer: (line: Line, us: number) => void;
  #sentMs = 0;
  #text = '';

  constructor(port: number, onAnswer: (line: Line, us: number) => void, onError: (error: Error) => void) {
    this.#onAnswer = onAnswer;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => this.#read(text, onError));
    this.#socket.on('error', onError);
    this.#socket.on('close', () => onError(new Error('the server closed a connection')));
  }

  send(path: string, dueMs: number): void {
    this.#sentMs = dueMs;
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`);
  }

  #read(text: string, onError: (error: Error) => void): void {
    this.#text += text;
    const head = this.#text.indexOf(HEAD_END);
    if (head < 0) return;
    const length = Number(LENGTH.exec(this.#text.slice(0, head))?.[1] ?? NaN);
    if (!this.#text.startsWith('HTTP/1.1 200')) onError(new Error(this.#text.slice(0, 300)));
    if (this.#text.length < head + HEAD_END.length + length) return;
    this.#text = '';
    this.#onAnswer(this, (performance.now() - this.#sentMs) * 1000);
  }

  end(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.destroy();
  }
}

class Probe {
  readonly #order: ProbeOrder;
  readonly #free: Line[] = [];
  readonly #lines: Line[];
  /** Due times of requests that found no free connection. */
  readonly #late: number[] = [];
  readonly #us: number[] = [];
  readonly #startMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #sent = 0;
  #next = 0;
  #error: Error | null = null;

  constructor(order: ProbeOrder) {
    this.#order = order;
    const answered = (line: Line, us: number): void => {
      this.#us.push(us);
      const dueMs = this.#late.shift();
      if (dueMs === undefined) this.#free.push(line);
      else this.#send(line, dueMs);
    };
    const failed = (error: Error): void => {
      this.#error ??= error;
    };
    this.#lines = Array.from({ length: order.connections }, () => new Line(order.port, answered, failed));
    this.#free.push(...this.#lines);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  #tick(): void {
    const nowMs = performance.now();
    const due = Math.floor(((nowMs - this.#startMs) * this.#order.rate) / 1000);
    for (; this.#sent < due; this.#sent++) {
      const line = this.#free.shift();
      if (line) this.#send(line, nowMs);
      else this.#late.push(nowMs);
    }
  }

  #send(line: Line, dueMs: number): void {
    const { paths } = this.#order;
    line.send(paths[this.#next++ % paths.length]!, dueMs);
  }

  async stop(): Promise<Latencies> {
    clearInterval(this.#timer);
    const waiting = (): boolean => this.#free.length < this.#lines.length && this.#error === null;
    for (let ms = 0; waiting() && ms < 10_000; ms += 5) await new Promise((done) => setTimeout(done, 5));
    const unanswered = this.#lines.length - this.#free.length + this.#late.length;
    for (const line of this.#lines) line.end();
    if (this.#error) throw this.#error;
    if (unanswered > 0) throw new Error(`${unanswered} requests were not answered within 10 s`);
    return summarize(Float64Array.from(this.#us));
  }
}

let probe: Probe | null = null;

answerParent({
  start: (order: ProbeOrder) => {
    probe = new Probe(order);
  },
  stop: async () => {
    if (!probe) throw new Error('BUG: no probe was started');
    const stopping = probe.stop();
    probe = null;
    return stopping;
  },
});
