/** Question: what does the scan cost by the shape of a body, and what do blocks gain over single rows? */
import { parse as csvParse } from 'csv-parse/sync';
import { limitBlocks } from '../src/parse/block.js';
import { buildMatrix } from '../src/simulator/matrix.js';
import { interleave, ratioOf, type Bench, type BenchContext, type BenchRow } from './harness.js';
import { compareCells } from './parts/matrix.js';
import { inlineJobs, Pipeline } from './parts/pipeline.js';

const BODIES = 2;
const KEY = ['node_guid', 'port_guid', 'port_num'];

interface Shape {
  readonly name: string;
  readonly rows: number;
  /** Which of the simulator's columns, beside the key. */
  takes(name: string, isNumber: boolean): boolean;
  readonly quoted?: boolean;
}

const SHAPES: readonly Shape[] = [
  { name: 'as the simulator writes it', rows: 20_000, takes: () => true },
  { name: 'numbers only', rows: 20_000, takes: (_, isNumber) => isNumber },
  { name: 'text only', rows: 20_000, takes: (_, isNumber) => !isNumber },
  { name: 'every cell in quotes', rows: 10_000, takes: () => true, quoted: true },
  {
    name: 'four columns',
    rows: 100_000,
    takes: (name) => name === 'PortXmitDataExtended',
  },
];

const isNumber = (text: string): boolean => text === '' || Number.isFinite(Number(text));

/** Bodies of one shape at two times. */
function bodiesOf(shape: Shape, rows: number): Uint8Array[] {
  const [, ...kinds] = csvParse(Buffer.from(buildMatrix({ dialect: 'ufm', rows: 50, seed: 1, tick: 0 })));
  return Array.from({ length: BODIES }, (_, tick) => {
    const whole = csvParse(Buffer.from(buildMatrix({ dialect: 'ufm', rows, seed: 1, tick })));
    const header = whole[0]!;
    const taken = header
      .map((name, c) => ({ name, c }))
      .filter(({ name, c }) => {
        const numbers = kinds.every((row) => isNumber(row[c]!));
        return KEY.includes(name) || (name !== 'timestamp' && shape.takes(name, numbers));
      })
      .map(({ c }) => c);
    const quote = (text: string): string =>
      shape.quoted === true || /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    const lines = whole.map((row, r) => taken.map((c) => (r === 0 ? row[c]! : quote(row[c]!))).join(','));
    return new TextEncoder().encode(`${lines.join('\n')}\n`);
  });
}

/** Publishes bodies in turn, in blocks or row by row. */
class Feed {
  readonly #pipeline = new Pipeline(inlineJobs);
  readonly #bodies: readonly Uint8Array[];
  readonly #inBlocks: boolean;
  #turn = 0;
  #next;

  constructor(bodies: readonly Uint8Array[], inBlocks: boolean) {
    this.#bodies = bodies;
    this.#inBlocks = inBlocks;
    this.#next = this.#pipeline.receive(bodies[0]!);
  }

  async publish(): Promise<number> {
    const undo = this.#inBlocks ? (): void => undefined : limitBlocks({ bytes: 0, rows: 0 });
    try {
      const { report } = await this.#pipeline.publish(this.#next);
      return report.rows;
    } finally {
      undo();
    }
  }

  ready(): void {
    this.#turn = (this.#turn + 1) % BODIES;
    this.#next = this.#pipeline.receive(this.#bodies[this.#turn]!);
  }

  /** Throws unless the table is what csv-parse reads. */
  check(): number {
    return compareCells(this.#pipeline.table, this.#bodies[this.#turn]!);
  }
}

async function measure(shape: Shape, { smoke, rounds, note }: BenchContext): Promise<BenchRow[]> {
  const bodies = bodiesOf(shape, smoke ? 60 : shape.rows);
  const feeds = [new Feed(bodies, true), new Feed(bodies, false)];
  let cells = 0;
  for (const feed of feeds) {
    // The second body is compared with the first, as in life.
    await feed.publish();
    feed.ready();
    await feed.publish();
    cells = feed.check();
    feed.ready();
  }
  note(`${shape.name}: ${cells} cells equal what csv-parse reads`);
  const [blocks, rows] = await interleave(
    rounds,
    feeds.map((feed, i) => ({
      name: i === 0 ? 'in blocks' : 'row by row',
      run: () => feed.publish(),
      after: () => feed.ready(),
    })),
  );
  const perCell = (ms: number): number => (ms * 1e6) / cells;
  return [
    {
      what: `${shape.name}: per cell`,
      value: perCell(blocks!.medianMs),
      unit: 'ns',
      against: `row by row, ${perCell(rows!.medianMs).toFixed(1)} ns`,
      ratio: ratioOf(blocks!, rows!),
    },
  ];
}

async function run(context: BenchContext): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const shape of SHAPES) rows.push(...(await measure(shape, context)));
  return rows;
}

export const bench: Bench = {
  name: 'scan',
  question: 'What does the scan cost by the shape of a body, and what do blocks gain over single rows?',
  run,
};
