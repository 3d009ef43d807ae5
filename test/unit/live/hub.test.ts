import { describe, expect, test } from 'vitest';
import { LiveHarness } from '../../fixtures/live-hub.js';
import { liveHarnessOf, portRows } from '../../fixtures/live-rows.js';
import { row, TableFixture } from '../../fixtures/tables.js';

const harnessOf = (count = 8): LiveHarness => liveHarnessOf(portRows(count, 1));

describe('a connection', () => {
  test('is greeted with the current snapshot id, before data as well', () => {
    const empty = new LiveHarness(new TableFixture({ boot: 'boot' }));
    expect(empty.connect().take()).toEqual([{ type: 'hello', protocol: 1, snapshot_id: 'boot-0' }]);
    expect(harnessOf().connect().take()).toEqual([{ type: 'hello', protocol: 1, snapshot_id: 'boot-1' }]);
  });

  test('answers pings, and refuses what it does not understand', () => {
    const transport = harnessOf().connect();
    transport.take();
    transport.say({ op: 'ping' });
    transport.say('nonsense');
    transport.say({ op: 'unsubscribe', id: 'nobody' });
    expect(transport.take()).toMatchObject([
      { type: 'pong' },
      { type: 'error', error: 'bad_request' },
      { type: 'error', id: 'nobody', error: 'bad_value' },
    ]);
  });

  test('counts as a subscriber until it ends, however it ends', () => {
    const harness = harnessOf();
    const one = harness.subscribe();
    const other = harness.subscribe();
    expect(harness.stats.subscribers).toBe(2);
    one.session!.closed();
    one.session!.closed();
    expect(harness.stats.subscribers).toBe(1);
    other.session!.closed();
    expect(harness.stats.subscribers).toBe(0);
  });

  test('holds a limited number of subscriptions', () => {
    const harness = new LiveHarness(new TableFixture(), { subscriptionsMax: 2 });
    harness.fixture.publish('s1', portRows(2, 1));
    const transport = harness.subscribe();
    transport.client.expect('s2');
    for (const id of ['s2', 's3', 's1']) transport.say({ op: 'subscribe', id });
    expect(transport.client.errors).toMatchObject([{ id: 's3', error: 'too_large' }]);
    expect(transport.client.errors[0]!.message).toContain('SUBSCRIPTIONS_MAX');
  });
});

describe('since', () => {
  /** A client that was at `since` before, and what it is sent now. */
  function resume(harness: LiveHarness, since: string, selection = {}): Record<string, unknown>[] {
    const earlier = harness.subscribe(selection).client.views.get('s1')!;
    const transport = harness.subscribe({ ...selection, since }, { ...earlier, snapshotId: since });
    return transport.take().slice(1);
  }

  test('known: a diff from there', () => {
    const harness = harnessOf(2);
    harness.fixture.publish('s1', portRows(2, 2));
    harness.fixture.publish('s1', portRows(2, 3));
    expect(resume(harness, 'boot-1')).toMatchObject([
      { type: 'diff', prev: 'boot-1', snapshot_id: 'boot-3', changes: [['sw-0', { cpu: 3 }]] },
    ]);
    expect(harness.stats).toMatchObject({ conflated: 0, resyncs: 0 });
  });

  test('current, or without changes in the selection: a heartbeat at once', () => {
    const harness = harnessOf(2);
    harness.fixture.publish('s1', portRows(2, 2));
    const beat = { type: 'heartbeat', id: 's1', snapshot_id: 'boot-2' };
    expect(resume(harness, 'boot-2')).toEqual([beat]);
    expect(resume(harness, 'boot-1', { switches: ['sw-1'] })).toEqual([beat]);
  });

  test.each(['other-1', 'boot-99', 'nonsense', ''])('%j cannot be served: too_old', (since) => {
    const transport = harnessOf(2).subscribe({ since });
    expect(transport.take()[1]).toMatchObject({ type: 'snapshot', reason: 'too_old' });
  });

  test('before the ring: too_old; the last 64 versions: a diff', () => {
    const harness = harnessOf(2);
    for (let cpu = 2; cpu <= 66; cpu++) harness.fixture.publish('s1', portRows(2, cpu));
    expect(harness.subscribe({ since: 'boot-1' }).take()[1]).toMatchObject({ reason: 'too_old' });
    expect(resume(harness, 'boot-2')).toMatchObject([{ type: 'diff', prev: 'boot-2' }]);
  });

  test('before a new generation: schema or rebuilt', () => {
    const harness = harnessOf(2);
    harness.fixture.publish('s1', [row('sw-0', { cpu: 1, other: 5 })]);
    expect(harness.subscribe({ since: 'boot-1' }).take()[1]).toMatchObject({ reason: 'schema' });
    const narrow = harness.subscribe({ since: 'boot-1', metrics: ['cpu'] });
    expect(narrow.take()[1]).toMatchObject({ reason: 'rebuilt' });
  });
});

describe('stopping', () => {
  test('closes every connection as going away, and later ones at once', () => {
    const harness = harnessOf();
    const transports = [harness.subscribe(), harness.subscribe()];
    harness.hub.stop();
    for (const transport of [...transports, harness.connect()]) {
      expect(transport.closedWith).toMatchObject({ code: 1001 });
    }
    expect(harness.stats.subscribers).toBe(0);
    expect(harness.fixture.clock.pending).toBe(0);
    harness.fixture.publish('s1', portRows(8, 2));
    harness.run();
    expect(transports[0]!.client.views.get('s1')!.snapshotId).toBe('boot-1');
  });
});
