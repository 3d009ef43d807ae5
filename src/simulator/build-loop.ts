/** The build thread's work, without the thread: requests in, replies and their transfer lists out. */

import { gzipSync } from 'node:zlib';
import type { Clock } from '../model/clock.js';
import { Matrix } from './matrix.js';
import type { BuildRequest, ThreadReply, ThreadRequest } from './messages.js';
import type { MatrixShape, SimulatorDialect } from './options.js';

/** Buffers kept for reuse; more than these are left to the garbage collector. */
const SPARE_BUFFERS_MAX = 3;
const GZIP_LEVEL = 1;

export type Reply = (reply: ThreadReply, transfer: ArrayBuffer[]) => void;

/** Handles one request at a time, to its end. Never throws: a failed build is a reply. */
export class BuildLoop {
  readonly #shape: MatrixShape;
  readonly #clock: Clock;
  readonly #reply: Reply;
  readonly #matrices = new Map<SimulatorDialect, Matrix>();
  #spare: Uint8Array[] = [];

  constructor(shape: MatrixShape, clock: Clock, reply: Reply) {
    this.#shape = shape;
    this.#clock = clock;
    this.#reply = reply;
  }

  handle(request: ThreadRequest): void {
    if (request.op === 'recycle') return this.#keep(request.bytes);
    try {
      this.#build(request);
    } catch (error) {
      const message = `cannot build ${request.job.dialect}: ${String(error)}`;
      this.#reply({ id: request.id, ok: false, message }, []);
    }
  }

  #build({ id, tick, tsMs, job }: BuildRequest): void {
    const startedMs = this.#clock.monotonicMs();
    const matrix = this.#matrix(job.dialect);
    const body = matrix.build(tick, tsMs, this.#take(matrix.bytesLeast));
    const gzip = job.gzip ? compressed(body) : undefined;
    const identity = job.identity ? body : undefined;
    if (!identity) this.#keep(body);
    const transfer = [identity, gzip].flatMap((bytes) => (bytes ? [bytes.buffer as ArrayBuffer] : []));
    const buildMs = this.#clock.monotonicMs() - startedMs;
    this.#reply({ id, ok: true, identity, gzip, buildMs }, transfer);
  }

  #matrix(dialect: SimulatorDialect): Matrix {
    let matrix = this.#matrices.get(dialect);
    if (!matrix) {
      matrix = new Matrix(dialect, this.#shape);
      this.#matrices.set(dialect, matrix);
    }
    return matrix;
  }

  /** The smallest spare buffer that is large enough. */
  #take(bytes: number): Uint8Array | undefined {
    const index = this.#spare.findIndex((spare) => spare.length >= bytes);
    return index < 0 ? undefined : this.#spare.splice(index, 1)[0];
  }

  /** A body arrives as the view of its length; what is kept is the whole buffer. Smallest first. */
  #keep(bytes: Uint8Array): void {
    this.#spare.push(new Uint8Array(bytes.buffer));
    this.#spare.sort((a, b) => a.length - b.length);
    this.#spare = this.#spare.slice(-SPARE_BUFFERS_MAX);
  }
}

/** In a buffer of its own: zlib may hand out a part of a pool, which cannot be transferred. */
function compressed(body: Uint8Array): Uint8Array {
  const bytes = gzipSync(body, { level: GZIP_LEVEL });
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes);
}
