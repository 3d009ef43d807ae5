/** Readers and encoders of a merged table while settle jobs in threads make the next ones. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { changeSets, visitChanges } from '../../src/fabric/changes.js';
import type { Table } from '../../src/fabric/table.js';
import { systemClock } from '../../src/model/clock.js';
import { listSelection } from '../../src/query/list-query.js';
import { BodyService } from '../../src/view/bodies.js';
import type { FrameResult, FramesTask } from '../../src/view/frame.js';
import { ALL, LIMITS } from '../fixtures/live-frames.js';
import { checkRow, readCells, readRows, SettleRig, sumBody, type Rows } from '../fixtures/settle-rig.js';

const SOURCES = ['x', 'y', 'z'];
const ROWS = 2000;
/** Of each source at the least; more of them where threads are slow to meet. */
const BODIES = 60;
const BODIES_MAX = 20 * BODIES;
const JOB_MS_MAX = 60_000;

const rig = new SettleRig({ sources: SOURCES });
afterAll(() => rig.close());

/** Two thirds of all rows, others each time: most rows are in two sources, rows come and go. */
function numbersOf(source: number, tick: number): number[] {
  const numbers: number[] = [];
  for (let n = 0; n < ROWS; n++) if ((n * 7 + tick + source * 5) % 3 !== 0) numbers.push(n);
  // Slots are added now and then: another index is built.
  if (tick % 10 === source) numbers.push(ROWS + tick);
  return numbers;
}

async function publishAll(source: number): Promise<void> {
  for (let tick = 1; tick <= BODIES || (!haveMet() && tick <= BODIES_MAX); tick++) {
    const text = sumBody(source, tick, numbersOf(source, tick));
    // Readers may hold the spare bank for a while.
    expect(await rig.deliver(SOURCES[source]!, text)).toBe('ok');
  }
}

const counts = { lists: 0, diffs: 0, changed: 0, diff: 0, snapshot: 0 };

/** Readers were there while it was written, again and again. */
function haveMet(): boolean {
  return counts.lists > 5 && counts.diffs > 20 && counts.changed > ROWS && counts.diff + counts.snapshot > 5;
}

/** A client on main that goes from diff to diff, and is compared with the whole table. */
class Client {
  #id = '';
  #rows: Rows = new Map();

  follow(table: Table): void {
    const since = this.#id === '' ? null : rig.fabric.resolveSince(this.#id);
    const sets = since?.kind === 'diff' ? changeSets(table, since.versions) : undefined;
    this.#id = table.snapshotId;
    const now = readRows(table);
    if (!sets) {
      this.#rows = now;
      return;
    }
    const { columns } = table.schema;
    const put = (part: number, slot: number): void => {
      counts.changed++;
      this.#rows.set(table.keyText(part, slot), readCells(table, part, slot));
    };
    visitChanges(table, sets, [...columns.keys()], null, {
      whole: put,
      cells: put,
      removed: (part, slot) => this.#rows.delete(table.keyText(part, slot)),
    });
    expect([...this.#rows.keys()].sort()).toEqual([...now.keys()].sort());
    for (const [key, cells] of now) {
      const known = this.#rows.get(key)!;
      if (known.join() !== cells.join()) expect([key, known]).toEqual([key, cells]);
    }
    counts.diffs++;
  }
}

type Item = Readonly<Record<string, number | string>>;
const cellsOf = ({ tick, source, n, product, sum }: Item): unknown[] => [tick, source, n, product, sum];

const bodies = new BodyService({
  fabric: rig.fabric,
  jobs: rig.jobs,
  clock: systemClock,
  bodyCacheBytes: 0,
  listBytesMax: 2 ** 28,
  jobTimeoutMs: JOB_MS_MAX,
});

type Cells = Readonly<Record<string, number>>;
interface FramePart {
  readonly fields?: string[];
  readonly rows?: (readonly [string, ...number[]])[];
  readonly changes?: (readonly [string, Cells])[];
  readonly removed?: string[];
}

/** A client whose lists and frames are made by workers. */
class RemoteClient {
  readonly #rows = new Map<string, Item>();
  #id = '';

  async list(): Promise<void> {
    const { rowsTotal } = rig.table;
    const body = await bodies.get(listSelection({}), false);
    const { items } = JSON.parse(`${new TextDecoder().decode(body.prefix)}}`) as { items: Item[] };
    expect(items).toHaveLength(rowsTotal);
    this.#rows.clear();
    for (const item of items) this.#rows.set(String(item['switch_id']), item);
    this.#check(rowsTotal);
    this.#id = body.snapshotId;
    counts.lists++;
  }

  /** The diff from the list, or from the frame before, to the table of now. */
  async follow(): Promise<void> {
    const since = rig.fabric.resolveSince(this.#id);
    const { table } = rig;
    if (since.kind !== 'diff' || !changeSets(table, since.versions)) return this.list();
    const expected = readRows(table);
    const unpin = rig.fabric.pin();
    const task: FramesTask = {
      table: table.ref(),
      orders: [{ selection: ALL, since: { versions: since.versions, members: null }, limits: LIMITS }],
    };
    const options = { jobClass: 'encode', timeoutMs: JOB_MS_MAX } as const;
    const result = await rig.jobs.run<FrameResult[]>('encodeFrames', task, options);
    unpin();
    const frame = result.ok ? result.value[0] : undefined;
    if (!frame?.ok) throw new Error(JSON.stringify(result));
    const { kind, parts } = frame;
    if (kind === 'snapshot') this.#rows.clear();
    for (const part of parts) this.#apply(JSON.parse(`{${new TextDecoder().decode(part)}`) as FramePart);
    this.#id = table.snapshotId;
    this.#check(expected.size);
    for (const [key, cells] of expected) {
      const item = this.#rows.get(key);
      if (!item || cellsOf(item).join() !== cells.join()) expect([key, item]).toEqual([key, cells]);
    }
    counts[kind]++;
  }

  #apply({ fields, rows, changes, removed }: FramePart): void {
    for (const [key, ...values] of rows ?? []) {
      this.#rows.set(key, Object.fromEntries(fields!.map((field, i) => [field, values[i]!])));
    }
    for (const [key, cells] of changes ?? []) this.#rows.set(key, { ...this.#rows.get(key), ...cells });
    for (const key of removed ?? []) this.#rows.delete(key);
  }

  #check(rowsTotal: number): void {
    expect(this.#rows.size).toBe(rowsTotal);
    for (const [key, item] of this.#rows) checkRow(key, cellsOf(item));
  }
}

test('no list and no diff has a torn row, a row of another key or one too few', async () => {
  let publishing = true;
  const publishers = Promise.all(SOURCES.map((_, source) => publishAll(source))).finally(() => {
    publishing = false;
  });
  const [client, remote] = [new Client(), new RemoteClient()];
  const main = async (): Promise<void> => {
    while (publishing) {
      if (rig.fabric.table) client.follow(rig.table);
      await pause(1);
    }
  };
  const workers = async (): Promise<void> => {
    for (let turn = 0; publishing; turn++) {
      if (!rig.fabric.table) await pause(1);
      else if (turn % 4 === 0) await remote.list();
      else await remote.follow();
    }
  };
  await Promise.all([publishers, main(), workers()]);
  client.follow(rig.table);
  await remote.follow();
  expect(rig.jobs.overlaps).toBe(0);
  expect([haveMet(), counts]).toEqual([true, counts]);
  expect(rig.heldRows).toBeGreaterThan(100);
}, 120_000);
