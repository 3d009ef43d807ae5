/** Live diffs of a simulated fabric: what a subscriber has is always what a list says. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/model/clock.js';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.js';
import type { HttpClient } from '../fixtures/http-client.js';
import type { LiveView } from '../fixtures/live-client.js';
import { expectEqualList, LiveSocket, untilEqualList } from '../fixtures/live-socket.js';
import { SIMULATED } from '../fixtures/simulated-upstreams.js';
import { until } from '../fixtures/until.js';
import { Started, type WeftProcess } from '../fixtures/weft-process.js';

/** Enough for snapshots in several parts, and for diffs that a worker encodes. */
const ROWS = 1200;
const STEPS = 6;

const started = new Started();
afterAll(() => started.endAll());

describe.each(SIMULATED)('$dialect', ({ dialect }) => {
  let simulator: Simulator;
  let process: WeftProcess;
  let weft: HttpClient;
  let socket: LiveSocket;
  let view: LiveView;

  beforeAll(async () => {
    // Ticks come from the test, so that each state lasts until it was looked at.
    simulator = started.add(
      await startSimulator(
        { port: 0, switches: ROWS, columns: 40, intervalSec: 86_400, dialect },
        { clock: systemClock, log: { event: () => {} } },
      ),
    );
    process = await started.weft('serve', { env: { UPSTREAM_URL: `${simulator.url}/counters` } });
    weft = started.add(await process.client());
    await until('the first publish', async () => (await weft.source()).version >= 1);
    socket = started.add(await LiveSocket.open(weft.base));
    view = socket.subscribe({ id: 'all' });
  });

  /** One tick of the fabric, published. */
  async function step(): Promise<void> {
    const { version } = await weft.source();
    await simulator.tick();
    await until('the next version', async () => (await weft.source()).version > version);
  }

  /** The view has left the state it was in. */
  async function moved(from: string | null): Promise<void> {
    await until('a frame', () => {
      socket.check();
      return view.snapshotId !== from;
    });
  }

  test('everything, tick by tick', async () => {
    await moved(null);
    const seen = new Set([await expectEqualList(view, weft)]);
    for (let i = 0; i < STEPS; i++) {
      const from = view.snapshotId;
      await step();
      await moved(from);
      seen.add(await expectEqualList(view, weft));
    }
    expect(seen.size).toBe(STEPS + 1);
    expect(view.history[0]).toBe('subscribed');
    expect(view.rows.size).toBe(ROWS);
    if (dialect === 'ufm') expect(view.history).toContain('diff');
  });

  test('large frames come in parts', () => {
    const cut = socket.frames.filter((frame) => frame['part'] !== undefined);
    for (const frame of socket.frames) expect(JSON.stringify(frame, exact).length).toBeLessThan(400 * 1024);
    if (dialect === 'ufm') expect(cut.filter((frame) => frame['last'] === true).length).toBeGreaterThan(0);
  });

  test('a selection of rows and columns', async () => {
    const key = [...view.rows.keys()][0]!;
    const prefix = key.slice(0, -1);
    const metrics = view.fields.slice(-3);
    const some = socket.subscribe({ id: 'some', switches: [`${prefix}*`], metrics });
    const query = `switches=${encodeURIComponent(prefix)}*&fields=${metrics.join(',')}`;
    await until('its snapshot', () => some.snapshotId);
    await expectEqualList(some, weft, query);
    for (let i = 0; i < 3; i++) {
      const from = view.snapshotId;
      await step();
      await moved(from);
      await untilEqualList(some, weft, query);
    }
    expect(some.fields).toEqual(metrics);
    socket.send({ op: 'unsubscribe', id: 'some' });
  });

  test('W-04: a client that was away is told what it missed in one frame', async () => {
    const known = view;
    socket.close();
    for (let i = 0; i < 3; i++) await step();
    socket = started.add(await LiveSocket.open(weft.base));
    const before = known.history.length;
    view = socket.subscribe({ id: 'all', since: known.snapshotId! }, known);
    const from = known.snapshotId;
    await moved(from);
    await expectEqualList(view, weft);
    expect(view.history.length).toBe(before + 1);
    expect(['diff', 'dense']).toContain(view.history.at(-1));
    const resumed = view.snapshotId;
    await step();
    await moved(resumed);
    await expectEqualList(view, weft);
  });

  test('W-10: the process says goodbye with 1001, and counts its subscribers', async () => {
    await until('one subscriber', async () => (await weft.stats()).live['subscribers'] === 1);
    expect(await weft.metric('weft_live_frames_sent_total')).toBeGreaterThan(STEPS);
    socket.check();
    expect(await process.stop()).toEqual({ code: 0, signal: null });
    expect(await socket.closed()).toBe(1001);
    expect(process.events('live.close').length).toBe(process.events('live.open').length);
  });
});

function exact(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
