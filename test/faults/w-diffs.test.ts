/** W-01: a thousand versions, each applied from frames alone, are what was sent and what lists say. */
import { afterAll, expect, test } from 'vitest';
import { ConfigFile } from '../fixtures/config-file.js';
import { seededRandom } from '../fixtures/fake-clock.js';
import type { HttpClient } from '../fixtures/http-client.js';
import type { LiveView } from '../fixtures/live-client.js';
import { expectEqualList, LiveSocket } from '../fixtures/live-socket.js';
import { ChangingTable, differenceBetween, type ModelTable, type Part } from '../fixtures/changing-table.js';
import { until } from '../fixtures/until.js';
import { Started } from '../fixtures/weft-process.js';

const VERSIONS = 1000;
/** Every so often the table is compared with a list, too: each time it costs a round trip. */
const LIST_EVERY = 10;
const RESUME_EVERY = 90;

const started = new Started();
afterAll(() => started.endAll());

/** What was pushed, by the name that it got: pushes of a changing table, and clients that are checked. */
class Pushed {
  readonly table = new ChangingTable(seededRandom(1));
  readonly models = new Map<string, ModelTable>();
  /** Name of the last version. */
  last = '';
  readonly weft: HttpClient;
  readonly #checks = new Map<string, () => void>();
  #boot = '';

  constructor(weft: HttpClient) {
    this.weft = weft;
  }

  /** Pushes the table as it is now. */
  async push(): Promise<void> {
    const { models, table } = this;
    const next = models.size + 1;
    // Known before the answer: frames may be here first.
    if (this.#boot !== '') models.set(`${this.#boot}-${next}`, table.model());
    const headers = { 'Content-Type': 'text/csv' };
    const asked = { method: 'POST', headers, body: table.csv() };
    const reply = await this.weft.get('/telemetry/ingest/lab', asked);
    expect(reply.json).toMatchObject({ source: 'lab', outcome: 'ok' });
    this.last = String(reply.json['snapshot_id']);
    if (this.#boot === '') {
      this.#boot = this.last.slice(0, this.last.lastIndexOf('-'));
      models.set(this.last, table.model());
    }
    expect(this.last).toBe(`${this.#boot}-${next}`);
  }

  async change(): Promise<void> {
    this.table.change();
    await this.push();
  }

  /** A connection whose tables are looked at after each frame. */
  async open(): Promise<LiveSocket> {
    const socket = started.add(await LiveSocket.open(this.weft.base));
    socket.onApplied = () => socket.client.views.forEach((_view, id) => this.#checks.get(id)?.());
    return socket;
  }

  watch(socket: LiveSocket, id: string, part: Part, known?: LiveView): LiveView {
    const view = socket.subscribe({ id, ...part, ...(known && { since: known.snapshotId! }) }, known);
    this.#checks.set(id, () => {
      if (view.snapshotId === null) return;
      const model = this.models.get(view.snapshotId);
      if (!model) throw new Error(`no version was named ${view.snapshotId}`);
      const difference = differenceBetween(view, model.select(part));
      if (difference !== '') throw new Error(`${id} at ${view.snapshotId}: ${difference}`);
    });
    return view;
  }
}

test('W-01: a thousand versions applied are the list, for every kind of selection', async () => {
  const file = started.add(new ConfigFile({ sources: [{ id: 'lab', push: true }] }));
  const process = await started.weft('serve', { flags: ['--config', file.path] });
  const weft = started.add(await process.client());
  const pushed = new Pushed(weft);
  await pushed.push();
  const steady = await pushed.open();
  let comesBack = await pushed.open();
  const all = pushed.watch(steady, 'all', {});
  const views = [
    all,
    pushed.watch(steady, 'some', { switches: ['p1*', 'p7'], metrics: ['rx', 'note'] }),
    pushed.watch(steady, 'filtered', { where: 'rx gt 500', metrics: ['rx', 'big'] }),
    pushed.watch(steady, 'seldom', { max_hz: 20 }),
  ];
  let resumed = pushed.watch(comesBack, 'resumed', {});
  const atLast = (view: LiveView): boolean => {
    for (const socket of [steady, comesBack]) socket.check();
    return view.snapshotId === pushed.last;
  };
  while (pushed.models.size < VERSIONS) {
    await pushed.change();
    if (pushed.models.size % LIST_EVERY === 0) {
      await until('the version at the client', () => atLast(all));
      expect(await expectEqualList(all, weft)).toBe(pushed.last);
    }
    if (pushed.models.size % RESUME_EVERY === 0) {
      await until('something to come back with', () => resumed.snapshotId);
      comesBack.close();
      for (let i = 0; i < 5; i++) await pushed.change();
      comesBack = await pushed.open();
      resumed = pushed.watch(comesBack, 'resumed', {}, resumed);
    }
  }
  // One change that everybody has.
  pushed.table.touchAll();
  await pushed.push();
  for (const view of [...views, resumed]) await until('the last version', () => atLast(view));
  for (const view of [all, resumed]) await expectEqualList(view, weft);
  expect(pushed.models.size).toBeGreaterThan(VERSIONS);
  expect(pushed.table.kinds).toEqual(new Set(['cells', 'row added', 'row removed', 'column']));
  // Diffs and snapshots of every reason that there is for a client that reads.
  const told = new Set([...views, resumed].flatMap(({ history }) => history));
  expect([...told]).toEqual(expect.arrayContaining(['subscribed', 'diff', 'dense', 'schema']));
});
