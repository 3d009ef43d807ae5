/** What subscribers and /telemetry/changes are told when the table itself changes, or time goes by. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { goodBody } from '../fixtures/fault-world.js';
import type { HttpClient } from '../fixtures/http-client.js';
import { LiveClient, type LiveView } from '../fixtures/live-client.js';
import { differenceOf, expectEqualList, LiveSocket } from '../fixtures/live-socket.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started } from '../fixtures/weft-process.js';

type Frame = Record<string, unknown>;

const SINCE_VERSIONS = 64; // docs/live.md

const started = new Started();
let upstream: Upstream;
let weft: HttpClient;
let socket: LiveSocket;
let view: LiveView;
let n = 0;

/** Serves a body and waits until it is published. Returns its snapshot id. */
async function publish(body: string): Promise<string> {
  const { version } = await weft.source();
  upstream.body = Buffer.from(body);
  await until('the next version', async () => (await weft.source()).version > version);
  return (await weft.json('/telemetry/schema'))['snapshot_id'] as string;
}

function next(): Promise<string> {
  return publish(goodBody(++n));
}

/** Body n without some rows. */
function without(rows: readonly number[]): string {
  const lines = goodBody(n).split('\n');
  return lines.filter((line) => !rows.some((row) => line.startsWith(`r${row},`))).join('\n');
}

async function reached(snapshotId: string): Promise<void> {
  await until(`state ${snapshotId}`, () => {
    socket.check();
    return view.snapshotId === snapshotId;
  });
}

async function changes(since: string, query = ''): Promise<Frame> {
  const reply = await weft.get(`/telemetry/changes?since=${since}${query}`);
  if (reply.status !== 200) throw new Error(`changes: ${reply.status} ${reply.text}`);
  return reply.json;
}

beforeAll(async () => {
  upstream = started.add(await Upstream.start());
  upstream.body = Buffer.from(goodBody(n));
  const env = { UPSTREAM_URL: upstream.url(), POLL_MS: 10 };
  weft = started.add(await (await started.weft('serve', { env })).client());
  await until('the first publish', async () => (await weft.source()).version >= 1);
});
beforeEach(async () => {
  const id = await next();
  socket = await LiveSocket.open(weft.base);
  view = socket.subscribe({ id: 'all' });
  await reached(id);
});
afterEach(() => socket.close());
afterAll(() => started.endAll());

describe('frames', () => {
  test('a diff holds what changed, a row that went is removed, one that came has every field', async () => {
    const lines = goodBody(n).replace(`r3,${n},`, 'r3,77777,');
    await reached(await publish(lines));
    expect(socket.frames.at(-1)).toMatchObject({
      type: 'diff',
      changes: [['r3', { rx: 77777 }]],
      removed: [],
    });

    await reached(await publish(without([4, 5])));
    expect(socket.frames.at(-1)).toMatchObject({ type: 'diff', removed: ['r4', 'r5'] });
    await expectEqualList(view, weft);

    await reached(await publish(goodBody(n)));
    const last = socket.frames.at(-1)!;
    const came = Object.fromEntries(last['changes'] as [string, object][]);
    expect(came).toEqual({ r4: rowOf(n), r5: rowOf(n) });
    await expectEqualList(view, weft);
  });

  function rowOf(k: number): object {
    return { rx: k, tx: k, load: k + 0.5, note: `n${k}` };
  }

  test('columns that change come as a snapshot, reason schema', async () => {
    const body = goodBody(n).replace('note', 'remark');
    await reached(await publish(body));
    expect(socket.frames.at(-1)).toMatchObject({ type: 'snapshot', reason: 'schema' });
    expect(view.fields).toEqual(['rx', 'tx', 'load', 'remark']);
    await expectEqualList(view, weft);
    await reached(await next());
    expect(view.fields).toEqual(['rx', 'tx', 'load', 'note']);
    await expectEqualList(view, weft);
  });

  test('a new generation of the same columns is a snapshot, reason rebuilt', async () => {
    const { generation } = await weft.source();
    await reached(await publish(goodBody(n).replace(`r7,${n},`, 'r7,18446744073709551615,')));
    expect((await weft.source()).generation).toBe(generation + 1);
    expect(socket.frames.at(-1)).toMatchObject({ type: 'snapshot', reason: 'rebuilt' });
    expect(view.rows.get('r7')!.get('rx')).toBe(18446744073709551615n);
    await expectEqualList(view, weft);
  });

  test('nothing is sent for a body that is identical', async () => {
    const before = socket.frames.length;
    const { identical } = (await weft.source()).polls;
    await until('identical polls', async () => (await weft.source()).polls['identical']! > identical! + 5);
    socket.send({ op: 'ping' });
    await until('the pong', () => socket.client.pongs === 1);
    expect(socket.frames.length).toBe(before + 1);
  });

  test('mistakes are told under their id, and harm no other subscription', async () => {
    socket.send({ op: 'subscribe', id: 'bad', metrics: ['speed'] });
    socket.send({ op: 'subscribe', id: 'worse', metrics: 'rx' });
    socket.send({ op: 'dance' });
    await until('three errors', () => socket.client.errors.length === 3);
    expect(socket.client.errors.map(({ id, error }) => [id, error])).toEqual(
      expect.arrayContaining([
        ['bad', 'unknown_metric'],
        ['worse', 'bad_value'],
        [undefined, 'bad_value'],
      ]),
    );
    await reached(await next());
    await expectEqualList(view, weft);
  });

  test('no frame comes behind an unsubscribe, and the id can be used again', async () => {
    socket.send({ op: 'unsubscribe', id: 'all' });
    socket.send({ op: 'ping' });
    await until('the pong', () => socket.client.pongs === 1);
    socket.client.forget('all');
    const id = await next();
    view = socket.subscribe({ id: 'all' });
    await reached(id);
    await expectEqualList(view, weft);
  });

  test('max_hz: fewer frames, the same state', async () => {
    const slow = socket.subscribe({ id: 'slow', max_hz: 3 });
    await until('its snapshot', () => slow.snapshotId);
    let id = '';
    for (let i = 0; i < 30; i++) id = await next();
    await reached(id);
    await until('the slow one', () => slow.snapshotId === id);
    await expectEqualList(slow, weft);
    expect(slow.history.length).toBeLessThan(view.history.length);
    expect((await weft.stats()).live['conflated']).toBeGreaterThan(0);
  });
});

describe('since', () => {
  test('W-04: a known state is met with one diff, the 64th version back too', async () => {
    const known = view;
    const change = (i: number): string => goodBody(n).replace(`r0,${n},`, `r0,${1000 + i},`);
    // What changed shortly before a version far back is sent, too: such versions are known in groups of 8.
    for (let i = 0; i < 8; i++) await reached(await publish(change(-i)));
    const since = known.snapshotId!;
    socket.close();
    for (let i = 0; i < SINCE_VERSIONS; i++) await publish(change(i));
    socket = await LiveSocket.open(weft.base);
    view = socket.subscribe({ id: 'all', since }, known);
    await until('the frame', () => view.snapshotId !== since);
    socket.check();
    const changed = [['r0', { rx: 1000 + SINCE_VERSIONS - 1 }]];
    expect(socket.frames.at(-1)).toMatchObject({ type: 'diff', prev: since, changes: changed });
    await expectEqualList(view, weft);
    expect(await changes(since)).toMatchObject({ type: 'diff', prev: since, changes: changed });
  });

  test.each(['nowhere-1', 'not a snapshot id'])('W-04: %s: a snapshot, reason too_old', async (since) => {
    view = socket.subscribe({ id: 'other', since });
    await until('its snapshot', () => view.snapshotId);
    expect(view.history).toEqual(['too_old']);
    expect(await changes(encodeURIComponent(since))).toMatchObject({ type: 'snapshot', reason: 'too_old' });
  });

  test('W-04: a state that fell out of the log: too_old', async () => {
    const since = view.snapshotId!;
    for (let i = 0; i < SINCE_VERSIONS + 3; i++) await next();
    expect(await changes(since)).toMatchObject({ type: 'snapshot', reason: 'too_old' });
    const late = socket.subscribe({ id: 'late', since });
    await until('its snapshot', () => late.snapshotId);
    expect(late.history[0]).toBe('too_old');
    await expectEqualList(late, weft);
  });
});

describe('/telemetry/changes', () => {
  /** The list of now, as a client has it. */
  async function listed(): Promise<LiveView> {
    const client = new LiveClient();
    const mine = client.expect('mine');
    const list = await weft.json('/telemetry/ListMetrics');
    mine.snapshotId = list['snapshot_id'] as string;
    mine.fields = list['fields'] as string[];
    for (const { switch_id, ...cells } of list['items'] as Record<string, never>[]) {
      mine.rows.set(switch_id!, new Map(Object.entries(cells)));
    }
    return mine;
  }

  /** Applies one frame by the same rules as a socket's. */
  function apply(mine: LiveView, frame: Frame): void {
    const client = new LiveClient();
    client.expect('mine', mine);
    client.receive(JSON.stringify({ type: 'hello', protocol: 1, snapshot_id: 'x-1' }));
    client.receive(JSON.stringify({ id: 'mine', ...frame }));
  }

  test('applied to a list it gives the next list', async () => {
    const mine = await listed();
    for (const body of [without([1]), goodBody(n + 1).replace(`r9,${n + 1},`, 'r9,5,'), without([2, 3])]) {
      await publish(body);
      const frame = await changes(mine.snapshotId!);
      expect(frame['id']).toBeUndefined();
      apply(mine, frame);
      const list = await weft.json('/telemetry/ListMetrics');
      expect(list['snapshot_id']).toBe(mine.snapshotId);
      expect(differenceOf(mine, list)).toBe('');
    }
  });

  test('nothing changed: an empty diff', async () => {
    const { snapshotId } = await listed();
    const frame = await changes(snapshotId!);
    expect(frame).toEqual({
      ...{ type: 'diff', prev: snapshotId, snapshot_id: snapshotId },
      ...{ changes: [], removed: [] },
    });
  });

  test('of a selection', async () => {
    const since = view.snapshotId!;
    await publish(goodBody(n).replace(`r3,${n},`, 'r3,1,').replace(`r4,${n},`, 'r4,2,'));
    const frame = await changes(since, '&switches=r4,r5&fields=rx,note');
    expect(frame).toMatchObject({ changes: [['r4', { rx: 2 }]], removed: [] });
  });
});
