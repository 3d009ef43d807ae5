import { describe, expect, test } from 'vitest';
import { LiveHarness } from '../../fixtures/live-hub.js';
import { liveHarnessOf, portRows } from '../../fixtures/live-rows.js';
import { row, TableFixture } from '../../fixtures/tables.js';

const harnessOf = (count = 8): LiveHarness => liveHarnessOf(portRows(count, 1));

describe('a subscription', () => {
  test('begins with a snapshot and goes on with diffs', () => {
    const harness = harnessOf(2);
    const transport = harness.subscribe();
    expect(transport.take()[1]).toEqual({
      type: 'snapshot',
      id: 's1',
      snapshot_id: 'boot-1',
      reason: 'subscribed',
      fields: ['cpu', 'temp', 'fan', 'name'],
      rows: [
        ['sw-0', 1, 40, 7000, 'port 0'],
        ['sw-1', 1, 40, 7000, 'port 1'],
      ],
    });
    harness.fixture.publish('s1', portRows(1, 2));
    harness.run();
    expect(transport.take()).toEqual([
      {
        type: 'diff',
        id: 's1',
        prev: 'boot-1',
        snapshot_id: 'boot-2',
        changes: [['sw-0', { cpu: 2 }]],
        removed: ['sw-1'],
      },
    ]);
  });

  test('before data gets its snapshot with the first publish', () => {
    const harness = new LiveHarness(new TableFixture());
    const transport = harness.subscribe();
    expect(transport.take()).toHaveLength(1);
    harness.fixture.publish('s1', portRows(2, 1));
    harness.run();
    expect(transport.take()).toMatchObject([{ type: 'snapshot', reason: 'subscribed' }]);
  });

  test('of an unknown metric is refused: now, or with the first data', () => {
    const harness = harnessOf();
    const transport = harness.subscribe({ metrics: ['cpu', 'nope'] });
    expect(transport.client.errors).toMatchObject([{ id: 's1', error: 'unknown_metric' }]);
    expect(transport.client.errors[0]!.message).toContain("'temp'");
    const early = new LiveHarness(new TableFixture());
    const waiting = early.subscribe({ metrics: ['nope'] });
    expect(waiting.client.errors).toEqual([]);
    early.fixture.publish('s1', portRows(2, 1));
    early.run();
    expect(waiting.client.errors).toMatchObject([{ id: 's1', error: 'unknown_metric' }]);
    early.fixture.publish('s1', portRows(2, 2));
    early.run();
    expect(waiting.take()).toHaveLength(2);
  });

  test('of a switch that does not exist yet waits for it', () => {
    const harness = harnessOf(2);
    const transport = harness.subscribe({ switches: ['sw-2'], metrics: ['name'] });
    expect(transport.take()[1]).toMatchObject({ rows: [] });
    harness.fixture.publish('s1', portRows(3, 1));
    harness.run();
    expect(transport.take()).toMatchObject([{ type: 'diff', changes: [['sw-2', { name: 'port 2' }]] }]);
  });

  test('is replaced by another one of the same id, and kept when that one is refused', () => {
    const harness = harnessOf(2);
    const transport = harness.subscribe({ metrics: ['cpu'] });
    transport.say({ op: 'subscribe', id: 's1', metrics: ['nope'] });
    harness.fixture.publish('s1', portRows(2, 2));
    harness.run();
    transport.say({ op: 'subscribe', id: 's1', metrics: ['name'] });
    harness.run();
    harness.fixture.publish('s1', portRows(2, 3));
    harness.run();
    const types = transport.take().map(({ type, fields }) => [type, fields]);
    expect(types.slice(1)).toEqual([
      ['snapshot', ['cpu']],
      ['error', undefined],
      ['diff', undefined],
      ['snapshot', ['name']],
    ]);
  });

  test('that ended says nothing more', () => {
    const harness = harnessOf(2);
    const transport = harness.subscribe();
    harness.fixture.publish('s1', portRows(2, 2));
    transport.say({ op: 'unsubscribe', id: 's1' });
    transport.take();
    harness.run();
    expect(transport.take()).toEqual([]);
  });

  test('with too many cells is refused and ends', () => {
    const harness = new LiveHarness(new TableFixture(), { frameCellsMax: 8 });
    harness.fixture.publish('s1', portRows(3, 1));
    const transport = harness.subscribe();
    expect(transport.client.errors).toMatchObject([{ id: 's1', error: 'too_large' }]);
    const narrow = harness.subscribe({ switches: ['sw-*'], metrics: ['cpu', 'name'] });
    expect(narrow.client.errors).toEqual([]);
    harness.fixture.publish('s1', portRows(5, 1));
    harness.run();
    expect(narrow.client.errors).toMatchObject([{ id: 's1', error: 'too_large' }]);
  });

  test('that trips over a bug ends alone', () => {
    const harness = harnessOf(2);
    const transport = harness.subscribe();
    const other = harness.subscribe();
    const send = transport.send.bind(transport);
    transport.send = (prefix, body) => {
      if (body.length > 0) throw new Error('a bug');
      return send(prefix, body);
    };
    harness.fixture.publish('s1', portRows(2, 2));
    harness.run();
    expect(transport.client.errors).toMatchObject([{ id: 's1', error: 'internal' }]);
    expect(other.client.views.get('s1')!.snapshotId).toBe('boot-2');
  });
});

describe('a new generation', () => {
  test('with the same selected fields is a snapshot, reason rebuilt; else schema', () => {
    const harness = harnessOf(2);
    const all = harness.subscribe();
    const one = harness.subscribe({ metrics: ['cpu'] });
    all.take();
    one.take();
    harness.fixture.publish('s1', [row('sw-0', { cpu: 1, other: 5 })]);
    harness.run();
    expect(all.take()).toMatchObject([{ type: 'snapshot', reason: 'schema', fields: ['cpu', 'other'] }]);
    expect(one.take()).toMatchObject([{ type: 'snapshot', reason: 'rebuilt', fields: ['cpu'] }]);
    harness.fixture.publish('s1', [row('sw-0', { other: 5 })]);
    harness.run();
    expect(one.take()).toMatchObject([{ type: 'snapshot', reason: 'schema', fields: [], rows: [['sw-0']] }]);
    harness.fixture.publish('s1', [row('sw-0', { cpu: 3 })]);
    harness.run();
    expect(one.take()).toMatchObject([{ reason: 'schema', fields: ['cpu'], rows: [['sw-0', 3]] }]);
    expect(harness.stats.resyncs).toBe(6);
  });

  test('of a client that missed it is found out by its last state', () => {
    const harness = harnessOf(2);
    const transport = harness.subscribe({ metrics: ['cpu'] });
    transport.mode = 'full';
    harness.fixture.publish('s1', portRows(2, 2));
    harness.run();
    harness.fixture.publish('s1', [row('sw-0', { other: 1 })]);
    harness.fixture.publish('s1', [row('sw-0', { cpu: 7 })]);
    harness.run();
    transport.mode = 'free';
    transport.drain();
    harness.run();
    expect(transport.client.views.get('s1')!.history).toEqual(['subscribed', 'diff', 'rebuilt']);
  });
});
