/** L-03: sources that come, go and change by a reload (SIGHUP), while clients read. */
import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { ConfigFile } from '../fixtures/config-file.js';
import type { HttpClient } from '../fixtures/http-client.js';
import type { LiveView } from '../fixtures/live-client.js';
import { LiveSocket } from '../fixtures/live-socket.js';
import { clientsOfThreads } from '../fixtures/thread-clients.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started, type LogLine, type WeftProcess } from '../fixtures/weft-process.js';

const HOUR_MS = 3_600_000;
const HISTORY = { HISTORY_COLUMNS: 'rx', HISTORY_WINDOW: '1s', HISTORY_ROWS: 100 };

const started = new Started();
afterEach(() => started.endAll());

type Source = Readonly<Record<string, unknown>>;

/** Rows of one upstream: `at` is the time of their sample, seconds. */
function body(at: number, rows: Readonly<Record<string, number>>): Buffer {
  const lines = Object.entries(rows).map(([key, rx]) => `${key},${rx},${1_700_000_000 + at}`);
  return Buffer.from(`switch_id,rx,timestamp\n${lines.join('\n')}\n`);
}

async function upstream(at: number, rows: Readonly<Record<string, number>>): Promise<Upstream> {
  const one = started.add(await Upstream.start());
  one.body = body(at, rows);
  return one;
}

/** A daemon whose sources are what its file says. */
class World {
  readonly process: WeftProcess;
  readonly weft: HttpClient;
  readonly #file: ConfigFile;

  private constructor(process: WeftProcess, weft: HttpClient, file: ConfigFile) {
    this.process = process;
    this.weft = weft;
    this.#file = file;
  }

  static async start(sources: readonly Source[], env: Readonly<Record<string, string | number>> = {}) {
    const file = started.add(new ConfigFile(stringify({ sources })));
    const process = await started.weft('serve', { flags: ['--config', file.path], env });
    const world = new World(process, started.add(await process.client()), file);
    const ids = sources.map(({ id }) => id as string);
    await until('the first publish of each source', async () => {
      const stats = await world.weft.stats();
      return ids.every((id) => stats.sources[id]!.version > 0);
    });
    return world;
  }

  /** Other sources from now on; what the log says of it. */
  async become(sources: readonly Source[], more: Readonly<Record<string, unknown>> = {}): Promise<LogLine> {
    writeFileSync(this.#file.path, stringify({ ...more, sources }));
    const { length } = this.process.events('config.reload');
    this.process.child.kill('SIGHUP');
    return until('the reload', () => this.process.events('config.reload')[length]);
  }

  /** `key=value` of every row, sorted. */
  async rows(weft = this.weft): Promise<string> {
    const list = await weft.json('/telemetry/ListMetrics');
    const items = list['items'] as { switch_id: string; rx: number }[];
    return items
      .map(({ switch_id, rx }) => `${switch_id}=${rx}`)
      .sort()
      .join(' ');
  }

  async serves(rows: string): Promise<void> {
    await until(`a list of ${rows}`, async () => (await this.rows()) === rows);
  }
}

const read = (key: string): string => `/telemetry/GetMetric?switch_id=${key}&metric=rx`;

/** One status from every thread that serves. */
async function everywhere(
  clients: ReadonlyMap<string, HttpClient>,
  path: string,
  status: number,
): Promise<void> {
  await until(`${status} to ${path} in all threads`, async () => {
    const all = await Promise.all([...clients.values()].map((client) => client.get(path)));
    return all.every((reply) => reply.status === status);
  });
}

/** What has gone is shown nowhere, and asked no more. */
async function expectGone(world: World, id: string, left: readonly string[], gone: readonly Upstream[]) {
  const stats = await world.weft.stats();
  expect(Object.keys(stats.sources).sort()).toEqual([...left].sort());
  const { text } = await world.weft.get('/metrics');
  expect(text).not.toContain(`source="${id}"`);
  const coverage = await world.weft.json('/telemetry/coverage');
  expect((coverage['sources'] as { id: string }[]).map((source) => source.id)).toEqual(left);
  expect((await world.weft.get(`/telemetry/coverage?source=${id}`)).status).toBe(400);
  const asked = gone.map(({ requests }) => requests.length);
  const polls = async (): Promise<number> => (await world.weft.source(left.at(-1))).polls['identical']!;
  const before = await polls();
  await until('more polls of another one', async () => (await polls()) > before + 3);
  expect(gone.map(({ requests }) => requests.length)).toEqual(asked);
}

const shown = (view: LiveView): string =>
  [...view.rows]
    .map(([key, cells]) => `${key}=${String(cells.get('rx'))}`)
    .sort()
    .join(' ');

describe.each([1, 2])('L-03 sources by reload, with %i threads that serve', (readers) => {
  test('L-03 come, change and go; others are left alone, and no client is cut', async () => {
    const [a, b, c, quiet] = await Promise.all([
      upstream(10, { a1: 1, shared: 10 }),
      upstream(5, { b1: 2, shared: 5 }),
      upstream(0, { c1: 3 }),
      upstream(0, { q1: 4 }),
    ]);
    const calm = { id: 'quiet', url: quiet.url(), interval_ms: HOUR_MS };
    const world = await World.start([{ id: 'a', url: a.url() }, { id: 'b', url: b.url() }, calm], {
      READERS: readers,
      ...HISTORY,
    });
    const clients = await clientsOfThreads(started, await world.process.url(), readers);
    await world.serves('a1=1 b1=2 q1=4 shared=10');
    const socket = started.add(await LiveSocket.open(await world.process.url()));
    const view = socket.subscribe({ id: 's' });
    await until('the first frame', () => shown(view) === 'a1=1 b1=2 q1=4 shared=10');

    // One comes.
    const came = await world.become([
      ...[{ id: 'a', url: a.url() }, { id: 'b', url: b.url() }, calm],
      { id: 'c', url: c.url() },
    ]);
    expect(came).toMatchObject({ ok: true, sources: { added: ['c'], changed: [], removed: [] } });
    await world.serves('a1=1 b1=2 c1=3 q1=4 shared=10');
    await everywhere(clients, read('c1'), 200);

    // One changes: it is asked elsewhere, with a header, and another one goes.
    const moved = await upstream(6, { b1: 22, shared: 6 });
    const next = { id: 'b', url: moved.url(), headers: { 'x-key': 'sesame-street' }, max_stale_ms: 0 };
    const { generation, version } = await world.weft.source('b');
    const went = await world.become([next, calm, { id: 'c', url: c.url() }]);
    expect(went).toMatchObject({ ok: true, sources: { added: [], changed: ['b'], removed: ['a'] } });
    // a had the newest sample of the shared row: now another one does.
    await world.serves('b1=22 c1=3 q1=4 shared=6');
    await everywhere(clients, read('a1'), 404);
    await everywhere(clients, read('b1'), 200);
    expect(moved.header(0, 'x-key')).toBe('sesame-street');
    const after = await world.weft.source('b');
    expect([after.generation, after.version]).toEqual([generation, version + 1]);

    await expectGone(world, 'a', ['b', 'quiet', 'c'], [a, b]);

    // The one that did not change was left alone: asked once, at the start.
    expect(quiet.requests).toHaveLength(1);

    // The client on its socket has come along.
    await until('the client', () => shown(view) === 'b1=22 c1=3 q1=4 shared=6');
    socket.check();
    expect(socket.code).toBeNull();
    moved.body = body(7, { b1: 23, shared: 7 });
    await until('a diff', () => shown(view) === 'b1=23 c1=3 q1=4 shared=7');
    socket.check();
    expect(view.history.at(-1)).toBe('diff');

    // All are replaced at once.
    const last = await world.become([{ id: 'only', url: quiet.url() }]);
    expect(last).toMatchObject({ sources: { added: ['only'], changed: [], removed: ['b', 'quiet', 'c'] } });
    await world.serves('q1=4');
    await everywhere(clients, read('c1'), 404);
    await until('the client, again', () => shown(view) === 'q1=4');
    socket.check();
    await until('a history of its own', async () => (await world.weft.metric('weft_history_rows')) === 1);
    // Not one thread was lost on the way.
    expect(await world.weft.metric('weft_reader_restarts_total')).toBe(0);
    expect(await world.process.stop()).toEqual({ code: 0, signal: null });
  });
});

describe('L-03 what a source is read by', () => {
  test('L-03 changes with the next body: columns, keys, interval, time to stale', async () => {
    const a = await upstream(1, { r1: 7 });
    a.body = Buffer.from('id,switch_id,rx,tx\nk1,r1,7,8\n');
    const source = { id: 'a', url: a.url(), interval_ms: HOUR_MS };
    const world = await World.start([source]);
    const { version, generation } = await world.weft.source('a');
    const items = async (): Promise<string> =>
      JSON.stringify((await world.weft.json('/telemetry/ListMetrics'))['items']);
    expect(await items()).toBe('[{"switch_id":"r1","id":"k1","rx":7,"tx":8}]');

    // The same bytes, by other rules; the schedule begins anew with them.
    const changed = {
      ...source,
      key: ['id'],
      drop: ['tx'],
      rename: { rx: 'received' },
      schema_change: 'reject',
    };
    await world.become([changed]);
    await until('rows by the new rules', async () => (await items()).includes('"switch_id":"k1"'));
    expect(await items()).toContain('"received":7');
    expect(await items()).not.toContain('tx');
    const after = await world.weft.source('a');
    expect([after.version, after.generation > generation]).toEqual([version + 1, true]);
    expect(await world.weft.metric('weft_source_generations_total')).toBe(2);

    // Polled every hour, then every 25 ms; stale after an hour, then at once.
    const { length } = a.requests;
    await world.become([{ ...changed, interval_ms: 25 }]);
    await until('polls', () => a.requests.length > length + 3);
    expect((await world.weft.source('a')).generation).toBe(after.generation);
    await world.become([{ ...changed, interval_ms: 25, timeout_ms: 25, max_stale_ms: 60 }]);
    a.mode = 'error_500';
    const path = '/telemetry/GetMetric?switch_id=k1&metric=received';
    await until('a stale source', async () => (await world.weft.get(path)).json['error'] === 'stale');
    a.mode = 'ok';
    await until('a fresh one', async () => (await world.weft.get(path)).status === 200);
  });

  test('L-03 a secret that came with a reload is shown nowhere', async () => {
    const secret = 'late-secret-4711';
    const a = await upstream(1, { r1: 7 });
    const world = await World.start([{ id: 'a', url: a.url() }]);
    await world.become([{ id: 'a', url: a.url(), headers: { 'x-api-key': secret } }]);
    await until('the header', () => a.header(-1, 'x-api-key') === secret);
    a.mode = 'redirect';
    a.redirect = { status: 302, location: `http://127.0.0.1/${secret}` };
    await until('a failure', async () => (await world.weft.source('a')).last_error);
    const all = [world.process.log, await world.weft.stats(), await world.weft.json('/telemetry/coverage')];
    expect(JSON.stringify(all)).toContain('redirect');
    expect(JSON.stringify(all)).not.toContain(secret);
  });
});
