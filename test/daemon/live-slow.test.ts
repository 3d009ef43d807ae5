/** W-02: a subscriber that reads nothing costs the others nothing, and is let go in the end. */
import { afterAll, expect, test } from 'vitest';
import { goodBody } from '../fixtures/fault-world.js';
import { expectEqualList, LiveSocket } from '../fixtures/live-socket.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started } from '../fixtures/weft-process.js';

/** Snapshots of a megabyte and a half: after a few of them every buffer on the way is full. */
const ROWS = 40_000;

const started = new Started();
afterAll(() => started.endAll());

test('W-02: its changes are merged, it is closed with 1013, the reader beside it misses nothing', async () => {
  const upstream = started.add(await Upstream.start());
  upstream.body = Buffer.from(goodBody(0, ROWS));
  const env = { UPSTREAM_URL: upstream.url(), SLOW_CLIENT_MS: 1500 };
  const process = await started.weft('serve', { env });
  const weft = started.add(await process.client());
  await until('the first publish', async () => (await weft.source()).version >= 1);
  const reader = started.add(await LiveSocket.open(weft.base));
  const sleeper = started.add(await LiveSocket.open(weft.base));
  const view = reader.subscribe({ id: 'r', metrics: ['rx'] });
  sleeper.subscribe({ id: 's' });
  await until('both snapshots', () => view.snapshotId !== null && sleeper.frames.length > 1);
  sleeper.pause();

  let n = 0;
  let waiting = 0;
  await until('the sleeper is given up', async () => {
    upstream.body = Buffer.from(goodBody(++n, ROWS));
    const { version } = await weft.source();
    await until('the next version', async () => (await weft.source()).version > version);
    reader.check();
    waiting = Math.max(waiting, await weft.metric('weft_live_waiting_bytes'));
    return process.events('live.close').length === 1;
  });
  await until('the newest state at the reader', () => view.rows.get('r1')!.get('rx') === n);
  await expectEqualList(view, weft, 'fields=rx');
  expect(reader.code).toBeNull();
  // One part of a frame, however much was published.
  expect(waiting).toBeGreaterThan(0);
  expect(waiting).toBeLessThan(512 * 1024);
  sleeper.resume();
  expect(await sleeper.closed()).toBe(1013);
  // It was not even sent every version: what it missed was to be merged into its next frame.
  expect(new Set(sleeper.frames.map((frame) => frame['snapshot_id'])).size).toBeLessThan(n);
  await until('one subscriber', async () => (await weft.stats()).live['subscribers'] === 1);
  expect(await weft.metric('weft_slow_clients_closed_total')).toBe(1);
});
