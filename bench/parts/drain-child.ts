/**
 * Clients that download bodies as fast as they come and throw them away: one buffer, no copies, so
 * that they take little CPU from what is measured.
 */
import { connect, type Socket } from 'node:net';
import { answerParent } from './answer.js';

export interface DrainOrder {
  readonly port: number;
  readonly path: string;
  /** One download at a time on each. */
  readonly connections: number;
}

export interface AmountOrder extends DrainOrder {
  /** Downloads in all. */
  readonly amount: number;
}

export interface Drained {
  readonly bodies: number;
  readonly bytes: number;
}

const BUFFER_BYTES = 1024 * 1024;
/** Of the headers of a response, together with what follows them. */
const HEAD_BYTES_MAX = 16 * 1024;
const HEAD_END = '\r\n\r\n';
const LENGTH = /content-length: *(\d+)/i;

const buffer = Buffer.alloc(BUFFER_BYTES);

/** One keep-alive connection, one body after the other. */
class Client {
  readonly #socket: Socket;
  readonly #request: string;
  readonly #onBody: (bytes: number) => boolean;
  readonly #onError: (error: Error) => void;
  #head = '';
  #left = -1;
  #length = 0;

  /** `onBody`: whether to ask for another one. */
  constructor(
    { port, path }: DrainOrder,
    onBody: (bytes: number) => boolean,
    onError: (error: Error) => void,
  ) {
    this.#request = `GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`;
    this.#onBody = onBody;
    this.#onError = onError;
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer, callback: (count) => this.#read(count) },
    });
    this.#socket.on('error', onError);
    this.#socket.on('close', () => onError(new Error('the server closed a connection')));
    this.#socket.write(this.#request);
  }

  #read(count: number): boolean {
    let body = count;
    if (this.#left < 0) {
      const before = this.#head.length;
      this.#head += buffer.toString('latin1', 0, Math.min(count, HEAD_BYTES_MAX));
      const end = this.#head.indexOf(HEAD_END);
      if (end < 0) return true;
      if (!this.#head.startsWith('HTTP/1.1 200')) this.#onError(new Error(this.#head.slice(0, 300)));
      this.#length = this.#left = Number(LENGTH.exec(this.#head.slice(0, end))?.[1] ?? NaN);
      body = count - (end + HEAD_END.length - before);
      this.#head = '';
    }
    this.#left -= body;
    if (this.#left === 0) {
      this.#left = -1;
      if (this.#onBody(this.#length)) this.#socket.write(this.#request);
    } else if (!(this.#left > 0))
      this.#onError(new Error('a body has more bytes than it said, or did not say'));
    return true;
  }

  end(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.destroy();
  }
}

let clients: Client[] = [];
let drained = { bodies: 0, bytes: 0 };
let failure: Error | null = null;

function soFar(): Drained {
  if (failure) throw failure;
  return drained;
}

function end(): Drained {
  for (const client of clients.splice(0)) client.end();
  return soFar();
}

/** Begins downloads that go on until `end`. */
function begin(order: DrainOrder): void {
  drained = { bodies: 0, bytes: 0 };
  failure = null;
  const onBody = (bytes: number): boolean => {
    drained.bodies++;
    drained.bytes += bytes;
    return true;
  };
  const onError = (error: Error): void => {
    failure ??= error;
  };
  clients = Array.from({ length: order.connections }, () => new Client(order, onBody, onError));
}

/** As many as are wanted, then no more. */
async function amount(order: AmountOrder): Promise<Drained> {
  drained = { bodies: 0, bytes: 0 };
  failure = null;
  let asked = order.connections;
  await new Promise<void>((resolve, reject) => {
    const onBody = (bytes: number): boolean => {
      drained.bodies++;
      drained.bytes += bytes;
      if (drained.bodies === order.amount) resolve();
      return asked < order.amount && ++asked <= order.amount;
    };
    clients = Array.from({ length: order.connections }, () => new Client(order, onBody, reject));
  });
  return end();
}

answerParent({ begin, soFar, end, amount });
