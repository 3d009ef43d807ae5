/**
 * Frames that workers make, many by one job: a job costs as much as a small frame, and after a publish
 * there may be as many frames as selections.
 */
import type { Fabric } from '../fabric/fabric.js';
import type { Table } from '../fabric/table.js';
import type { JobResult, JobRunner } from '../model/jobs.js';
import type { FrameOrder, FrameResult, FramesTask } from '../view/frame.js';

/** Jobs handed to the pool at a time: lists wait in the same queue. */
const JOBS_MAX = 2;
/** A job takes no other frame once it has so many, or so many cells by their estimates. */
const FRAMES_MAX = 64;
const CELLS_MAX = 500_000;

export interface FrameBatchesDeps {
  readonly fabric: Fabric;
  readonly jobs: JobRunner;
  /** Of one job. */
  readonly jobTimeoutMs: number;
  /** Called when a job has ended: `hasRoom` may have become true. */
  readonly onRoom: () => void;
}

/** One frame to be made. */
export interface WantedFrame {
  /** Of its selection: one that a job failed with is not put beside others again. */
  readonly key: string;
  readonly order: FrameOrder;
  /** Upper bound of what it takes to make. */
  readonly cellsMax: number;
}

interface Waiting extends WantedFrame {
  resolve(result: JobResult<FrameResult>): void;
}

/** Frames of one table that wait to be sent off. Its banks are pinned. */
interface Batch {
  readonly table: Table;
  readonly unpin: () => void;
  readonly frames: Waiting[];
  cells: number;
}

export class FrameBatches {
  readonly #deps: FrameBatchesDeps;
  readonly #suspects = new Set<string>();
  #open: Batch | null = null;
  #running = 0;

  constructor(deps: FrameBatchesDeps) {
    this.#deps = deps;
  }

  /** Whether another frame may be taken now. */
  get hasRoom(): boolean {
    return this.#open !== null || this.#running < JOBS_MAX;
  }

  /**
   * Takes a frame of the fabric's table of now; undefined when there is no room. Nothing is made
   * before `flush`: call it in the same turn of the loop.
   */
  add(table: Table, wanted: WantedFrame): Promise<JobResult<FrameResult>> | undefined {
    const isSuspect = this.#suspects.has(wanted.key);
    if (this.#open && (isSuspect || this.#open.table !== table)) this.flush();
    if (!this.hasRoom) return undefined;
    const batch = (this.#open ??= { table, unpin: this.#deps.fabric.pin(), frames: [], cells: 0 });
    const made = new Promise<JobResult<FrameResult>>((resolve) => batch.frames.push({ ...wanted, resolve }));
    batch.cells += wanted.cellsMax;
    if (isSuspect || batch.frames.length === FRAMES_MAX || batch.cells >= CELLS_MAX) this.flush();
    return made;
  }

  /** Sends off what was taken. */
  flush(): void {
    const batch = this.#open;
    if (batch === null) return;
    this.#open = null;
    this.#running++;
    void this.#run(batch);
  }

  async #run({ table, unpin, frames }: Batch): Promise<void> {
    const { jobs, jobTimeoutMs, onRoom } = this.#deps;
    const task: FramesTask = { table: table.ref(), orders: frames.map(({ order }) => order) };
    const result: JobResult<readonly FrameResult[]> = await jobs.run('encodeFrames', task, {
      jobClass: 'encode',
      timeoutMs: jobTimeoutMs,
    });
    this.#running--;
    // A thread that is still ending may still read: its banks stay pinned.
    if (result.ok) unpin();
    else void result.exited.then(unpin);
    frames.forEach(({ key, resolve }, i) => {
      if (result.ok) this.#suspects.delete(key);
      // Which of them it was nobody knows: the next time each is made by a job of its own.
      else if (frames.length > 1 && result.reason !== 'overloaded') this.#suspects.add(key);
      resolve(result.ok ? { ...result, value: result.value[i]! } : result);
    });
    onRoom();
  }
}
