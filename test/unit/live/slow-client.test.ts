/** Clients that do not take what they are sent. */
import { describe, expect, test } from 'vitest';
import type { LiveLimits } from '../../../src/live/context.js';
import type { LiveHarness } from '../../fixtures/live-hub.js';
import { liveHarnessOf, portRows } from '../../fixtures/live-rows.js';
import { type Row } from '../../fixtures/tables.js';

const rowsOf = (cpu: number): Row[] => portRows(4, cpu);
const harnessOf = (limits: Partial<LiveLimits> = {}, heldBytesMax?: number): LiveHarness =>
  liveHarnessOf(rowsOf(1), limits, heldBytesMax);

describe('a slow client', () => {
  test('holds one frame; what it missed is one diff, counted', () => {
    const harness = harnessOf();
    const transport = harness.subscribe();
    transport.mode = 'full';
    for (let cpu = 2; cpu <= 6; cpu++) {
      harness.fixture.publish('s1', rowsOf(cpu));
      harness.run();
    }
    expect(transport.waiting).toHaveLength(1);
    transport.take();
    transport.mode = 'free';
    transport.drain();
    harness.run();
    expect(transport.take()).toMatchObject([
      { type: 'diff', prev: 'boot-1', snapshot_id: 'boot-2' },
      { type: 'diff', prev: 'boot-2', snapshot_id: 'boot-6', changes: [['sw-0', { cpu: 6 }]] },
    ]);
    expect(harness.stats.conflated).toBe(3);
  });

  test('behind the change ring gets a snapshot, reason gap', () => {
    const harness = harnessOf();
    const transport = harness.subscribe();
    transport.mode = 'full';
    for (let cpu = 2; cpu <= 80; cpu++) {
      harness.fixture.publish('s1', rowsOf(cpu));
      harness.run();
    }
    transport.mode = 'free';
    transport.drain();
    harness.run();
    expect(transport.take().slice(-1)).toMatchObject([
      { type: 'snapshot', reason: 'gap', snapshot_id: 'boot-80' },
    ]);
    expect(harness.stats.resyncs).toBe(1);
  });

  test('does not delay others', () => {
    const harness = harnessOf();
    const slow = harness.subscribe();
    const quick = harness.subscribe();
    slow.mode = 'full';
    for (let cpu = 2; cpu <= 4; cpu++) {
      harness.fixture.publish('s1', rowsOf(cpu));
      harness.run();
      expect(quick.client.views.get('s1')!.snapshotId).toBe(`boot-${cpu}`);
    }
    expect(slow.client.views.get('s1')!.snapshotId).toBe('boot-1');
  });

  test('is closed with 1013 once its socket took nothing for too long, and not before', async () => {
    const harness = harnessOf({ slowClientMs: 60_000 });
    const transport = harness.subscribe();
    transport.mode = 'full';
    harness.fixture.publish('s1', rowsOf(2));
    harness.run();
    await harness.fixture.clock.advance(59_000);
    expect(transport.closedWith).toBeNull();
    await harness.fixture.clock.advance(2_000);
    expect(transport.closedWith).toMatchObject({ code: 1013 });
    expect(harness.stats.subscribers).toBe(0);
    expect(harness.fixture.clock.pending).toBe(0);
  });

  test('that takes something now and then is kept', async () => {
    const harness = harnessOf({ slowClientMs: 10_000 });
    const transport = harness.subscribe();
    transport.mode = 'full';
    for (let cpu = 2; cpu < 12; cpu++) {
      harness.fixture.publish('s1', rowsOf(cpu));
      harness.run();
      await harness.fixture.clock.advance(9_000);
      transport.drain();
      harness.run();
    }
    expect(transport.closedWith).toBeNull();
    expect(transport.client.views.get('s1')!.history.length).toBeGreaterThan(9);
  });

  test('that was slow and is idle since is kept', async () => {
    const harness = harnessOf({ slowClientMs: 10_000 });
    const transport = harness.subscribe();
    transport.mode = 'full';
    harness.fixture.publish('s1', rowsOf(2));
    harness.run();
    transport.mode = 'free';
    transport.drain();
    await harness.fixture.clock.advance(100_000);
    expect(transport.closedWith).toBeNull();
  });

  test('whose socket drops instead of queueing is sent the same again', async () => {
    const harness = harnessOf({ slowClientMs: 60_000 });
    const transport = harness.subscribe();
    transport.take();
    transport.mode = 'dropping';
    harness.fixture.publish('s1', rowsOf(2));
    harness.run();
    expect(harness.stats.framesSent).toBe(1);
    transport.mode = 'free';
    await harness.fixture.clock.advance(1_000);
    harness.run();
    expect(transport.take()).toMatchObject([{ type: 'diff', prev: 'boot-1', snapshot_id: 'boot-2' }]);
    transport.mode = 'dropping';
    for (let i = 3; i < 70; i++) {
      harness.fixture.publish('s1', rowsOf(i));
      harness.run();
      await harness.fixture.clock.advance(1_000);
      harness.run();
    }
    expect(transport.closedWith).toMatchObject({ code: 1013 });
  });

  test('is owed one pong, and is closed when it asks much and reads nothing', () => {
    const harness = harnessOf();
    const transport = harness.connect();
    transport.mode = 'full';
    for (let i = 0; i < 1000; i++) transport.say({ op: 'ping' });
    expect(transport.closedWith).toBeNull();
    for (let i = 0; i < 100; i++) transport.say('nonsense');
    expect(transport.closedWith).toMatchObject({ code: 1008 });
  });

  test('gets answers in order once it reads', () => {
    const transport = harnessOf().connect();
    transport.mode = 'full';
    for (const message of ['x', { op: 'ping' }, { op: 'ping' }, 'y']) transport.say(message);
    transport.mode = 'free';
    transport.drain();
    expect(transport.take().map(({ type }) => type)).toEqual(['hello', 'error', 'pong', 'error']);
  });
});
