/** When frames go out: rate limits, heartbeats, parts. */
import { describe, expect, test } from 'vitest';
import type { LiveLimits } from '../../../src/live/context.js';
import { LiveHarness } from '../../fixtures/live-hub.js';
import { liveHarnessOf, portRows } from '../../fixtures/live-rows.js';
import { row, TableFixture, type Row } from '../../fixtures/tables.js';

const rowsOf = (cpu: number): Row[] => portRows(4, cpu);
const harnessOf = (limits: Partial<LiveLimits> = {}, heldBytesMax?: number): LiveHarness =>
  liveHarnessOf(rowsOf(1), limits, heldBytesMax);

describe('max_hz', () => {
  test('spaces frames, merges what lies between, and sends the first at once', async () => {
    const harness = harnessOf();
    const { clock } = harness.fixture;
    const transport = harness.subscribe({ max_hz: 0.5 });
    const view = transport.client.views.get('s1')!;
    for (let cpu = 2; cpu <= 9; cpu++) {
      harness.fixture.publish('s1', rowsOf(cpu));
      harness.run();
      await clock.advance(500);
      harness.run();
    }
    // Published at 0, 500, … 3500; sent at 2000 and 4000.
    expect(view.history).toEqual(['subscribed', 'diff', 'diff']);
    expect(view.snapshotId).toBe('boot-9');
    expect(harness.stats.conflated).toBe(6);
    await clock.advance(10_000);
    harness.fixture.publish('s1', rowsOf(10));
    harness.run();
    expect(view.snapshotId).toBe('boot-10');
  });

  test('below what a timer can hold still waits', async () => {
    const harness = harnessOf();
    const transport = harness.subscribe({ max_hz: 1e-9 });
    transport.take();
    harness.fixture.publish('s1', rowsOf(2));
    harness.run();
    expect(harness.fixture.clock.nextAtMs).toBeLessThan(2 ** 31);
    await harness.fixture.clock.advance(14_000);
    harness.run();
    expect(transport.take()).toEqual([]);
  });
});

describe('heartbeats', () => {
  test('tell a quiet subscription how far nothing changed, and move its state', async () => {
    const harness = harnessOf();
    const transport = harness.subscribe({ switches: ['sw-1'], metrics: ['cpu', 'name'] });
    for (let cpu = 2; cpu <= 5; cpu++) {
      harness.fixture.publish('s1', rowsOf(cpu));
      harness.run();
      await harness.fixture.clock.advance(3_000);
    }
    transport.take();
    await harness.fixture.clock.advance(4_000);
    harness.run();
    expect(transport.take()).toEqual([{ type: 'heartbeat', id: 's1', snapshot_id: 'boot-5' }]);
    harness.fixture.publish('s1', [row('sw-1', { cpu: 9, temp: 40, fan: 7000, name: 'port 1' })]);
    harness.run();
    expect(transport.take()).toMatchObject([
      { type: 'diff', prev: 'boot-5', changes: [['sw-1', { cpu: 9 }]] },
    ]);
  });

  test('come every 15 s and not beside data', async () => {
    const harness = harnessOf();
    const quiet = harness.subscribe();
    await harness.fixture.clock.advance(62_000);
    harness.run();
    await harness.fixture.clock.advance(0);
    expect(quiet.client.views.get('s1')!.history.length).toBe(2);
    for (let second = 0; second < 61; second++) {
      await harness.fixture.clock.advance(1_000);
      harness.run();
    }
    expect(quiet.client.views.get('s1')!.history.length).toBe(2 + 4);
    const busy = harness.subscribe();
    for (let second = 0; second < 40; second++) {
      if (second % 10 === 0) harness.fixture.publish('s1', rowsOf(second + 2));
      await harness.fixture.clock.advance(1_000);
      harness.run();
    }
    expect(busy.client.views.get('s1')!.history).not.toContain('heartbeat');
  });

  test('keep a quiet subscription within the ring', async () => {
    const harness = harnessOf();
    const transport = harness.subscribe({ switches: ['sw-1'], metrics: ['name'] });
    for (let cpu = 2; cpu <= 300; cpu++) {
      harness.fixture.publish('s1', rowsOf(cpu));
      harness.run();
    }
    harness.fixture.publish('s1', [row('sw-1', { cpu: 1, temp: 1, fan: 1, name: 'other' })]);
    harness.run();
    const [last] = transport.take().slice(-1);
    expect(last).toMatchObject({ type: 'diff', prev: 'boot-1', changes: [['sw-1', { name: 'other' }]] });
  });

  test('that a socket does not take are not kept for later', async () => {
    const harness = harnessOf();
    const transport = harness.subscribe();
    transport.take();
    transport.mode = 'dropping';
    await harness.fixture.clock.advance(16_000);
    harness.run();
    transport.say({ op: 'unsubscribe', id: 's1' });
    transport.mode = 'free';
    await harness.fixture.clock.advance(2_000);
    harness.run();
    expect(transport.take()).toEqual([]);
  });

  test('wait until data has come', async () => {
    const harness = new LiveHarness(new TableFixture());
    const transport = harness.subscribe();
    await harness.fixture.clock.advance(40_000);
    harness.run();
    expect(transport.take()).toHaveLength(1);
  });
});

describe('parts', () => {
  test('are sent one by one, as the socket takes them; the state moves at the last', () => {
    const harness = harnessOf({ partBytes: 1 });
    const transport = harness.connect();
    const view = transport.client.expect('s1');
    transport.mode = 'full';
    transport.session!.drained();
    transport.say({ op: 'subscribe', id: 's1' });
    const seen: (string | null)[] = [];
    for (let i = 0; i < 4; i++) {
      harness.run();
      expect(transport.waiting).toHaveLength(1);
      if (i === 1) harness.fixture.publish('s1', rowsOf(2));
      transport.drain();
      seen.push(view.snapshotId);
    }
    expect(seen).toEqual([null, null, null, 'boot-1']);
    harness.run();
    transport.drain();
    expect(view.snapshotId).toBe('boot-2');
    expect(transport.take().map(({ part, last }) => [part, last])).toEqual([
      [undefined, undefined],
      [0, undefined],
      [1, undefined],
      [2, undefined],
      [3, true],
      [undefined, undefined],
    ]);
  });

  test('take turns with other subscriptions', () => {
    const harness = harnessOf({ partBytes: 1 });
    const transport = harness.connect();
    for (const id of ['a', 'b']) {
      transport.client.expect(id);
      transport.say({ op: 'subscribe', id, metrics: [id === 'a' ? 'cpu' : 'name'] });
    }
    harness.run();
    const order = transport
      .take()
      .slice(1)
      .map(({ id }) => id);
    expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b']);
  });

  test('of too many slow clients are given up, oldest first, and begin anew', () => {
    const harness = harnessOf({ partBytes: 1 }, 1);
    const slow = harness.subscribe();
    slow.mode = 'full';
    harness.fixture.publish(
      's1',
      rowsOf(2).map(({ id }) => row(id, { cpu: 5, temp: 6, fan: 7, name: 'x' })),
    );
    harness.run();
    expect(slow.waiting).toHaveLength(1);
    const heldBytes = harness.hub.held.bytes;
    expect(heldBytes).toBeGreaterThan(0);
    harness.fixture.publish('s1', rowsOf(3));
    const quick = harness.subscribe();
    expect(quick.client.views.get('s1')!.snapshotId).toBe('boot-3');
    slow.mode = 'free';
    slow.drain();
    harness.run();
    expect(slow.client.views.get('s1')!.snapshotId).toBe('boot-3');
    expect(slow.client.views.get('s1')!.history).toEqual(['subscribed', 'dense']);
    expect(slow.violations).toEqual([]);
    expect(harness.hub.held.bytes).toBe(0);
  });
});
