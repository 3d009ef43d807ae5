/** W: clients that ask for too much, or say nothing at all. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { BystanderWorld } from '../fixtures/bystander.js';
import { ROW_COUNT } from '../fixtures/fault-world.js';
import { expectEqualList, type LiveSocket } from '../fixtures/live-socket.js';
import { OPCODE, type RawWebSocket } from '../fixtures/raw-ws.js';
import { until } from '../fixtures/until.js';
import { Started } from '../fixtures/weft-process.js';

/** What a selection may hold: all rows of one column, and not those of two. */
const FRAME_CELLS_MAX = ROW_COUNT + 10;
/** The library takes no less. */
const LIVE_IDLE_MS = 8000;

const started = new Started();
let world: BystanderWorld;

beforeAll(async () => {
  world = await BystanderWorld.start(started, { MAX_FRAME_CELLS: FRAME_CELLS_MAX });
});
afterAll(() => started.endAll());
afterEach(() => world.unharmed());

describe('what is asked for', () => {
  const subscribe = (socket: LiveSocket, id: string, switches: readonly string[]): void =>
    socket.send({ op: 'subscribe', id, switches, metrics: ['rx'] });
  const names = (from: number, count: number): string[] =>
    Array.from({ length: count }, (_, i) => (from + i).toString(36));

  test('W-07: a hundred thousand patterns: as many as a connection may have, the rest is told so', async () => {
    const socket = started.add(await world.connect());
    for (let i = 0; i < 100; i++) {
      socket.client.expect(`s${i}`);
      subscribe(socket, `s${i}`, [...names(i * 1000, 999), `r${i}*`]);
    }
    await until('an answer to each', () => {
      socket.check();
      const served = [...socket.client.views.values()].filter(({ snapshotId }) => snapshotId !== null);
      return served.length === 64 && socket.client.errors.length === 36;
    });
    for (const { error, message } of socket.client.errors) {
      expect(error).toBe('too_large');
      expect(message).toMatch(/64 subscriptions \(SUBSCRIPTIONS_MAX\)/);
    }
    expect(socket.client.views.get('s1')!.rows.has('r10')).toBe(true);
    expect(socket.code).toBeNull();
    socket.close();
  });

  test('W-07: more patterns than one selection may have are refused, and too many for one message cut', async () => {
    const socket = started.add(await world.connect());
    subscribe(socket, 'many', names(0, 10_001));
    const error = await until('the error', () => socket.client.errors[0]);
    expect(error).toMatchObject({
      id: 'many',
      message: expect.stringMatching(/10001 items.* 10000/) as string,
    });
    subscribe(socket, 'more', names(0, 100_000));
    expect(await socket.closed()).toBe(1006);
    expect(socket.client.errors).toHaveLength(1);
    const reason = (): unknown => world.process.events('live.close').at(-1)?.['reason'];
    await until('the reason in the log', () => /too big/.test(String(reason())));
  });

  test('W-07: unknown metrics, too many cells: an error under its id, and the connection goes on', async () => {
    const socket = started.add(await world.connect());
    socket.send({ op: 'subscribe', id: 'unknown', metrics: ['rx', 'speed'] });
    socket.send({ op: 'subscribe', id: 'large' });
    await until('both errors', () => socket.client.errors.length === 2);
    const errors = new Map(socket.client.errors.map((one) => [one.id, one]));
    expect(errors.get('unknown')).toMatchObject({ error: 'unknown_metric' });
    expect(errors.get('unknown')!.message).toMatch(/'speed'.*rx/s);
    expect(errors.get('large')).toMatchObject({ error: 'too_large' });
    expect(errors.get('large')!.message).toMatch(/MAX_FRAME_CELLS/);
    const mine = socket.subscribe({ id: 'unknown', metrics: ['rx'] });
    await until('a snapshot under the same id', () => mine.snapshotId);
    await expectEqualList(mine, world.weft, 'fields=rx');
    socket.close();
  });
});

describe('W-05: clients that answer no ping', () => {
  const pings = (socket: RawWebSocket): number =>
    socket.received.filter(({ opcode }) => opcode === OPCODE.ping).length;

  /** Answers three pings. False when it was cut all the same: this process was held up for seconds. */
  async function answers(socket: RawWebSocket): Promise<boolean> {
    for (let answered = 0; answered < 3;) {
      await until('a ping', () => pings(socket) > answered || socket.closed, 60_000);
      if (socket.closed) return false;
      socket.send('', { opcode: OPCODE.pong });
      answered = pings(socket);
    }
    socket.send('{"op":"ping"}');
    await until('the pong', () => socket.messages.some(({ type }) => type === 'pong'));
    socket.close();
    return true;
  }

  test('W-05: are cut after LIVE_IDLE_MS and counted; one that answers stays', async () => {
    const patient = await BystanderWorld.start(started, { SLOW_CLIENT_MS: 5000, LIVE_IDLE_MS });
    const silent = await patient.open();
    const cut = until('the end of the silent one', () => silent.closed, 60_000);
    await until('one that answers and stays', async () => answers(await patient.open()), 90_000);
    await cut;
    expect(pings(silent)).toBeGreaterThanOrEqual(1);
    expect(silent.closeCode).toBeNull();
    const isIdle = (line: Readonly<Record<string, unknown>>) => /inactivity/.test(String(line['reason']));
    const closed = await until('its line', () => patient.process.events('live.close').find(isIdle));
    expect(closed).toMatchObject({ code: 1006 });
    expect(closed['duration_ms']).toBeGreaterThanOrEqual(LIVE_IDLE_MS / 2);
    expect(await patient.weft.metric('weft_live_idle_closed_total')).toBeGreaterThanOrEqual(1);
    await patient.process.stop();
  });
});
