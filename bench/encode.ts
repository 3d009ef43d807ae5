/** Question: what does a large list cost to encode, against JSON.stringify of objects that exist already? */
import type { Table } from '../src/fabric/table.js';
import { listSelection, type ListShape } from '../src/query/list-query.js';
import { buildMatrix } from '../src/simulator/matrix.js';
import { encodeOrder } from '../src/view/encode-list.js';
import { interleave, ratioOf, type Bench, type BenchContext, type BenchRow } from './harness.js';
import { fieldColumns, isServedAs, keysOf, readCsv, type CsvTable } from './parts/matrix.js';
import { inlineJobs, Pipeline } from './parts/pipeline.js';

type Value = number | string | null;

/** The same rows as plain values: what a program that holds objects would have. */
interface Plain {
  readonly names: readonly string[];
  readonly keys: readonly string[];
  readonly texts: readonly (readonly string[])[];
  readonly values: readonly (readonly Value[])[];
  readonly isText: readonly boolean[];
}

function plainOf(csv: CsvTable, table: Table): Plain {
  const columns = fieldColumns(csv);
  const names = columns.map((column) => csv.header[column]!);
  const isText = names.map((name) => table.schema.columns[table.schema.byName.get(name)!]!.kind === 'text');
  const texts = csv.rows.map((row) => columns.map((column) => row[column]!));
  const values = texts.map((row) =>
    row.map((text, i): Value => {
      if (text === '') return null;
      if (isText[i]) return text;
      return Number.isFinite(Number(text)) ? Number(text) : null;
    }),
  );
  return { names, keys: keysOf(csv), texts, values, isText };
}

function encode(table: Table, shape: ListShape): Uint8Array {
  const selection = listSelection({ shape });
  const agesMs = table.parts.map(() => 0);
  return encodeOrder(table, { selection, gzip: false, listBytesMax: 2 ** 31 - 1, agesMs }).bytes;
}

/** A cell of a parsed body against the text it came from; JSON.parse has rounded what is beyond 2^53. */
function check(plain: Plain, row: number, field: number, served: unknown): void {
  const text = plain.texts[row]![field]!;
  const isText = plain.isText[field]!;
  const value = plain.values[row]![field]!;
  const same =
    typeof served === 'number' ? served === value : isServedAs(text, served as string | null, isText);
  if (same) return;
  throw new Error(
    `${plain.keys[row]} ${plain.names[field]}: '${text}' is encoded as ${JSON.stringify(served)}`,
  );
}

interface EnvelopeBody {
  readonly items: readonly Readonly<Record<string, Value>>[];
}

interface ColumnsBody {
  readonly switch_ids: readonly string[];
  readonly columns: Readonly<Record<string, readonly Value[]>>;
}

/** Throws unless every shape holds every cell. Bodies lack their end, which is made per response. */
function checkBodies(table: Table, plain: Plain): void {
  const text = (shape: ListShape): string => Buffer.from(encode(table, shape)).toString();
  const { items } = JSON.parse(`${text('envelope')}}`) as EnvelopeBody;
  const { switch_ids: ids, columns } = JSON.parse(`${text('columns')}}`) as ColumnsBody;
  const csv = readCsv(encode(table, 'csv'));
  for (const [name, count] of Object.entries({ items, ids, csv: csv.rows })) {
    if (count.length !== plain.keys.length) throw new Error(`${name} has ${count.length} rows`);
  }
  plain.keys.forEach((key, row) => {
    const keys = [items[row]!['switch_id'], ids[row], csv.rows[row]![0]];
    if (keys.some((one) => one !== key)) throw new Error(`row ${row} is ${keys.join(', ')}, not ${key}`);
    plain.names.forEach((name, field) => {
      const cell = csv.rows[row]![field + 1]!;
      check(plain, row, field, items[row]![name]);
      check(plain, row, field, columns[name]![row]);
      if (!isServedAs(plain.texts[row]![field]!, cell === '' ? null : cell, plain.isText[field]!)) {
        throw new Error(`${key} ${name}: '${plain.texts[row]![field]}' is encoded as '${cell}'`);
      }
    });
  });
}

async function run({ smoke, rounds, note }: BenchContext): Promise<BenchRow[]> {
  const [rows, columns] = smoke ? [300, 40] : [10_000, 100];
  const bytes = buildMatrix({ dialect: 'ufm', rows, columns, seed: 1, tick: 0 });
  const pipeline = new Pipeline(inlineJobs);
  await pipeline.publish(pipeline.receive(bytes));
  const { table } = pipeline;
  const plain = plainOf(readCsv(bytes), table);
  checkBodies(table, plain);
  note('every cell of every shape equals the body it came from');
  const objects = plain.values.map((row, r) => ({
    switch_id: plain.keys[r],
    ...Object.fromEntries(plain.names.map((name, i) => [name, row[i]])),
  }));
  const arrays = plain.names.map((_, i) => plain.values.map((row) => row[i]));
  const pairs = [
    { shape: 'envelope', peer: 'JSON.stringify of objects', run: () => JSON.stringify(objects).length },
    { shape: 'columns', peer: 'JSON.stringify of arrays', run: () => JSON.stringify(arrays).length },
    {
      shape: 'csv',
      peer: 'join of strings',
      run: () => plain.texts.map((row) => row.join(',')).join('\r\n').length,
    },
  ] as const;
  const timings = await interleave(
    rounds,
    pairs.flatMap(({ shape, peer, run: peerRun }) => [
      { name: shape, run: () => encode(table, shape).length },
      { name: peer, run: peerRun },
    ]),
  );
  const cells = rows * plain.names.length;
  return pairs.flatMap(({ shape, peer }, i): BenchRow[] => {
    const [own, other] = [timings[i * 2]!, timings[i * 2 + 1]!];
    const mb = encode(table, shape).length / 1e6;
    return [
      {
        what: `${shape}: per cell`,
        value: (own.medianMs * 1e6) / cells,
        unit: 'ns',
        against: peer,
        ratio: ratioOf(own, other),
      },
      { what: `${shape}: body`, value: mb, unit: 'MB' },
      { what: `${shape}: speed`, value: (mb * 1000) / own.medianMs, unit: 'MB/s' },
    ];
  });
}

export const bench: Bench = {
  name: 'encode',
  question: 'What does a large list cost to encode, against what exists as objects already?',
  run,
};
