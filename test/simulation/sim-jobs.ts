/**
 * Workers without threads: jobs run later, and some are lost. A lost job is
 * told first and goes on writing until its thread has exited, as the real pool's do.
 */
import type { Clock } from '../../src/model/clock.js';
import type { JobName, JobOptions, JobResult, JobRunner } from '../../src/model/jobs.js';
import { Table } from '../../src/fabric/table.js';
import type { SettleTask } from '../../src/fabric/settle.js';
import { bodyBytes } from '../../src/snapshot/arena.js';
import type { ParseTask } from '../../src/snapshot/parse-task.js';
import type { PartTask } from '../../src/snapshot/part-task.js';
import { encodeFrames, type FramesTask } from '../../src/view/frame.js';
import { parse, parsePart } from '../../workers/parse-worker.js';
import { settle } from '../../workers/settle-worker.js';
import type { Dice } from '../fixtures/live-world.js';
import type { SimReport } from './sim-report.js';

/** The body that a bank was filled from. */
export interface FilledFrom {
  readonly text: string;
  readonly snapshotTsMs: number;
  readonly receivedAtMs: number;
}

const decoder = new TextDecoder();

function work(name: JobName, task: unknown): unknown {
  switch (name) {
    case 'parse':
      return parse(task as ParseTask);
    case 'parsePart':
      return parsePart(task as PartTask);
    case 'settle':
      return settle(task as SettleTask);
    case 'encodeFrames': {
      const { table, orders } = task as FramesTask;
      return encodeFrames(Table.open(table), orders);
    }
    default:
      throw new Error(`nobody simulates a ${name} job`);
  }
}

/** The task with a body of its own: a worker has read much of it long before it writes. */
function withOwnBody(task: unknown): unknown {
  const { parse: inner } = task as Partial<PartTask>;
  const whole = inner ?? (task as ParseTask);
  if (!('policy' in whole)) return task;
  const body = { buffer: new SharedArrayBuffer(whole.body.byteLength), byteLength: whole.body.byteLength };
  bodyBytes(body).set(bodyBytes(whole.body));
  return inner ? { ...(task as PartTask), parse: { ...inner, body } } : { ...whole, body };
}

export class SimJobs implements JobRunner {
  /** What was read last into each segment. */
  readonly filled = new Map<SharedArrayBuffer, FilledFrom>();
  /** Share of jobs that are lost or refused. */
  lossShare = 0;
  readonly #clock: Clock;
  readonly #dice: Dice;
  readonly #report: SimReport;
  /** As it crosses to a worker; a copy costs as much as the job, so only some worlds make one. */
  readonly #copies: boolean;
  /** Milliseconds that most jobs take at most. */
  readonly #workMs: number;

  constructor(clock: Clock, dice: Dice, report: SimReport) {
    this.#clock = clock;
    this.#dice = dice;
    this.#report = report;
    this.#copies = dice.chance(0.25);
    this.#workMs = dice.pick([2, 30, 200]);
  }

  run<T>(name: JobName, task: unknown, options: JobOptions): Promise<JobResult<T>> {
    const dice = this.#dice;
    const copy: unknown = this.#copies ? structuredClone(task) : task;
    if (dice.chance(this.lossShare)) return this.#lose(name, copy, options);
    const runMs = dice.random() * (dice.chance(0.03) ? options.timeoutMs : this.#workMs);
    return this.#after(runMs, () => {
      // The original: a clone of a shared buffer is another object.
      this.#remember(task);
      return { ok: true, value: work(name, copy) as T, runMs };
    });
  }

  #after<T>(delayMs: number, done: () => T): Promise<T> {
    return new Promise((resolve) => this.#clock.schedule(delayMs, () => resolve(done())));
  }

  #lose<T>(name: JobName, task: unknown, { timeoutMs }: JobOptions): Promise<JobResult<T>> {
    const dice = this.#dice;
    const reason = dice.pick(['overloaded', 'overloaded', 'worker', 'worker', 'timeout'] as const);
    this.#report.note(`job ${name} ${reason}`);
    this.#report.trace(() => `job ${name} is lost: ${reason}`);
    const message = `the simulation says ${reason}`;
    if (reason === 'overloaded') {
      return Promise.resolve({ ok: false, reason, message, exited: Promise.resolve() });
    }
    const toldMs = reason === 'timeout' ? timeoutMs : dice.random() * this.#workMs;
    const lingersMs = dice.pick([0, 0.1, 1]) * dice.random() * timeoutMs;
    const writes = dice.chance(0.7);
    const asRead = writes ? withOwnBody(task) : task;
    const exited = this.#after(toldMs + lingersMs, () => {
      // What a thread does that nobody waits for any more, up to its last instruction.
      if (writes) this.#workUnheard(name, asRead);
    });
    return this.#after(toldMs, () => ({ ok: false, reason, message, exited }));
  }

  #workUnheard(name: JobName, task: unknown): void {
    try {
      work(name, task);
    } catch (error) {
      this.#report.trace(() => `a lost ${name} job fails: ${String(error)}`);
    }
  }

  #remember(task: unknown): void {
    const { parse: whole = task as ParseTask } = task as Partial<PartTask>;
    if (!('policy' in whole) || !whole.target) return;
    const { body, snapshotTsMs, receivedAtMs, target } = whole;
    // A copy: the decoder takes no shared memory.
    const text = decoder.decode(Uint8Array.from(bodyBytes(body)));
    this.filled.set(target.segment.buffer, { text, snapshotTsMs, receivedAtMs });
  }
}
