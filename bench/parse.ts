/** Question: what does a body cost from received to published, and how much of that is the scan? */
import { DEFAULT_PARSE_POLICY } from '../src/model/parse-policy.js';
import { buildMatrix } from '../src/simulator/matrix.js';
import type { BodyArena } from '../src/snapshot/arena.js';
import type { ParseTask } from '../src/snapshot/parse-task.js';
import { parse } from '../workers/parse-worker.js';
import { interleave, ratioOf, type Bench, type BenchContext, type BenchRow, type Timing } from './harness.js';
import { comparePeers, CSV_PEERS } from './parts/csv-peers.js';
import { compareCells } from './parts/matrix.js';
import { inlineJobs, onePool, Pipeline } from './parts/pipeline.js';

const NEWLINE = 10;
/** Bodies that follow each other differ, as in life: an equal one would be recognised and not parsed. */
const BODIES = 2;

/** Publishes the bodies in turn. The copy into shared memory stands for the network: it is not measured. */
class Feed {
  readonly pipeline: Pipeline;
  readonly #bodies: readonly Uint8Array[];
  #turn = 0;
  #received: BodyArena;

  constructor(pipeline: Pipeline, bodies: readonly Uint8Array[]) {
    this.pipeline = pipeline;
    this.#bodies = bodies;
    this.#received = pipeline.receive(bodies[0]!);
  }

  /** The body that was published last. */
  get last(): Uint8Array {
    return this.#bodies[(this.#turn + BODIES - 1) % BODIES]!;
  }

  async publish(): Promise<{ rows: number; rejected: number }> {
    const { report } = await this.pipeline.publish(this.#received);
    this.#turn = (this.#turn + 1) % BODIES;
    return { rows: report.rows, rejected: report.rejectedRows };
  }

  ready(): void {
    this.#received = this.pipeline.receive(this.#bodies[this.#turn]!);
  }
}

/** The scan alone: no segment, nothing stored. */
function surveyTask(body: BodyArena): ParseTask {
  return {
    body: body.ref(),
    format: 'csv',
    csvBytesMax: 2 ** 31 - 1,
    previous: null,
    policy: DEFAULT_PARSE_POLICY,
    header: null,
    target: null,
    snapshotTsMs: 0,
    receivedAtMs: 0,
  };
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
  return lines;
}

/** A reader of CSV beside each of weft's own. */
function rowsOf(timings: readonly Timing[], bytes: number, cells: number): BenchRow[] {
  const peers = timings.filter(({ name }) => CSV_PEERS.some((peer) => peer.name === name));
  return timings.flatMap((timing) => {
    const { name, medianMs } = timing;
    const isOwn = name.startsWith('job') || name.startsWith('scan');
    const times = (isOwn ? peers : []).map((peer, n) => ({
      what: n === 0 ? `${name}: time` : `${name}: time, beside ${peer.name}`,
      value: medianMs,
      unit: 'ms',
      against: peer.name,
      ratio: ratioOf(timing, peer),
    }));
    return [
      ...(times.length > 0 ? times : [{ what: `${name}: time`, value: medianMs, unit: 'ms' }]),
      { what: `${name}: speed`, value: bytes / 1e3 / medianMs, unit: 'MB/s' },
      { what: `${name}: per cell`, value: (medianMs * 1e6) / cells, unit: 'ns' },
    ];
  });
}

async function run({ smoke, rounds, note }: BenchContext): Promise<BenchRow[]> {
  const [rows, columns] = smoke ? [200, 40] : [50_000, 120];
  note(`building ${BODIES} bodies of ${rows} x ${columns}`);
  const bodies = Array.from({ length: BODIES }, (_, tick) =>
    buildMatrix({ dialect: 'ufm', rows, columns, seed: 1, tick }),
  );
  const pool = onePool();
  try {
    const threaded = new Feed(new Pipeline(pool), bodies);
    const inline = new Feed(new Pipeline(inlineJobs), bodies);
    for (const feed of [threaded, inline]) {
      await feed.publish();
      const compared = compareCells(feed.pipeline.table, feed.last);
      note(`${compared} cells equal what csv-parse reads`);
      feed.ready();
    }
    const first = Buffer.from(bodies[0]!);
    note(`${comparePeers(first)} cells are the same for ${CSV_PEERS.map(({ name }) => name).join(', ')}`);
    const copy = Buffer.alloc(first.length);
    const surveyed = surveyTask(threaded.pipeline.receive(first));
    note('rounds');
    const timings = await interleave(rounds, [
      { name: 'job in the pool', run: () => threaded.publish(), after: () => threaded.ready() },
      { name: 'job in process', run: () => inline.publish(), after: () => inline.ready() },
      { name: 'scan alone', run: () => parse(surveyed).kind },
      ...CSV_PEERS.map(({ name, read }) => ({ name, run: () => read(first).length })),
      { name: 'memcpy', run: () => first.copy(copy) },
      { name: 'newline count', run: () => countLines(first) },
    ]);
    return rowsOf(timings, first.length, rows * columns);
  } finally {
    await pool.close(5_000);
  }
}

export const bench: Bench = {
  name: 'parse',
  question: 'What does a body cost from received to published, and how much of that is the scan?',
  run,
};
