/** W-01: a thousand versions, each applied from frames alone, are what was sent and what lists say. */
import { afterAll, expect, test } from 'vitest';
import { ConfigFile } from '../fixtures/config-file.js';
import { seededRandom } from '../fixtures/fake-clock.js';
import type { LiveView } from '../fixtures/live-client.js';
import { expectEqualList, LiveSocket } from '../fixtures/live-socket.js';
import { ChangingTable, differenceBetween, type ModelTable } from '../fixtures/changing-table.js';
import { until } from '../fixtures/until.js';
import { Started } from '../fixtures/weft-process.js';

const VERSIONS = 1000;
/** Every so often the table is compared with a list, too: each time it costs a round trip. */
const LIST_EVERY = 10;
const RESUME_EVERY = 90;

const started = new Started();
afterAll(() => started.endAll());

test('W-01: a thousand versions applied are the list, for every kind of selection', async () => {
  const file = started.add(new ConfigFile({ sources: [{ id: 'lab', push: true }] }));
  const process = await started.weft('serve', { flags: ['--config', file.path] });
  const weft = started.add(await process.client());
  const table = new ChangingTable(seededRandom(1));
  /** What was pushed, by the name that it was to get. */
  const models = new Map<string, ModelTable>();
  let boot = '';
  let last = '';

  async function push(): Promise<void> {
    table.change();
    const next = models.size + 1;
    // Known before the answer: frames may be here first.
    if (boot !== '') models.set(`${boot}-${next}`, table.model());
    const headers = { 'Content-Type': 'text/csv' };
    const reply = await weft.get('/telemetry/ingest/lab', { method: 'POST', headers, body: table.csv() });
    expect(reply.json).toMatchObject({ source: 'lab', outcome: 'ok' });
    last = String(reply.json['snapshot_id']);
    if (boot === '') {
      boot = last.slice(0, last.lastIndexOf('-'));
      models.set(last, table.model());
    }
    expect(last).toBe(`${boot}-${next}`);
  }

  /** A subscription whose table is looked at after each frame. */
  function watch(
    socket: LiveSocket,
    id: string,
    part: Parameters<ModelTable['select']>[0],
    known?: LiveView,
  ) {
    const view = socket.subscribe({ id, ...part, ...(known && { since: known.snapshotId! }) }, known);
    checks.set(id, () => {
      if (view.snapshotId === null) return;
      const model = models.get(view.snapshotId);
      if (!model) throw new Error(`no version was named ${view.snapshotId}`);
      const difference = differenceBetween(view, model.select(part));
      if (difference !== '') throw new Error(`${id} at ${view.snapshotId}: ${difference}`);
    });
    return view;
  }
  const checks = new Map<string, () => void>();
  const open = async (): Promise<LiveSocket> => {
    const socket = started.add(await LiveSocket.open(weft.base));
    socket.onApplied = () => socket.client.views.forEach((_view, id) => checks.get(id)?.());
    return socket;
  };

  await push();
  const steady = await open();
  let comesBack = await open();
  const all = watch(steady, 'all', {});
  const views = [
    all,
    watch(steady, 'some', { switches: ['p1*', 'p7'], metrics: ['rx', 'note'] }),
    watch(steady, 'filtered', { where: 'rx gt 500', metrics: ['rx', 'big'] }),
    watch(steady, 'seldom', { max_hz: 20 }),
  ];
  let resumed = watch(comesBack, 'resumed', {});
  while (models.size < VERSIONS) {
    await push();
    if (models.size % LIST_EVERY === 0) {
      await until('the version at the client', () => steady.check() ?? all.snapshotId === last);
      expect(await expectEqualList(all, weft)).toBe(last);
    }
    if (models.size % RESUME_EVERY === 0) {
      await until('something to come back with', () => comesBack.check() ?? resumed.snapshotId !== null);
      comesBack.close();
      for (let i = 0; i < 5; i++) await push();
      comesBack = await open();
      resumed = watch(comesBack, 'resumed', {}, resumed);
    }
  }
  // One change that everybody has.
  table.touchAll();
  await push();
  for (const view of [...views, resumed]) {
    await until('the last version', () => steady.check() ?? comesBack.check() ?? view.snapshotId === last);
  }
  await expectEqualList(all, weft);
  await expectEqualList(resumed, weft);
  expect(models.size).toBe(VERSIONS + 1);
  expect(table.kinds).toEqual(new Set(['cells', 'row added', 'row removed', 'column']));
  // Diffs and snapshots of every reason that there is for a client that reads.
  const told = new Set([...views, resumed].flatMap(({ history }) => history));
  expect([...told]).toEqual(expect.arrayContaining(['subscribed', 'diff', 'dense', 'schema']));
});
