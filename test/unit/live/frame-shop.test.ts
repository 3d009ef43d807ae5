import { expect, test } from 'vitest';
import { LiveHarness } from '../../fixtures/live-hub.js';
import { row, TableFixture } from '../../fixtures/tables.js';

function harnessOf(): LiveHarness {
  const harness = new LiveHarness(new TableFixture({ boot: 'boot' }));
  harness.fixture.publish('s1', [row('a', { x: 1, y: 2, z: 3 }), row('b', { x: 1, y: 2, z: 3 })]);
  return harness;
}

/** Subscribes with a transport that notes which body bytes it was handed. */
function watch(harness: LiveHarness, message = {}): Uint8Array[] {
  const transport = harness.connect();
  const bodies: Uint8Array[] = [];
  const send = transport.send.bind(transport);
  transport.send = (prefix, body) => {
    if (body.length > 0) bodies.push(body);
    return send(prefix, body);
  };
  transport.client.expect('s1');
  transport.say({ op: 'subscribe', id: 's1', ...message });
  harness.run();
  return bodies;
}

test('equal frames are encoded once: the very same bytes go to all', () => {
  const harness = harnessOf();
  const [one, other] = [watch(harness), watch(harness)];
  const narrow = watch(harness, { switches: ['a'] });
  harness.fixture.publish('s1', [row('a', { x: 9, y: 2, z: 3 }), row('b', { x: 1, y: 2, z: 3 })]);
  harness.run();
  expect(one).toHaveLength(2);
  expect(other[0]).toBe(one[0]);
  expect(other[1]).toBe(one[1]);
  expect(narrow[1]).not.toBe(one[1]);
});

test('clients in different states get different diffs, then the same', () => {
  const harness = harnessOf();
  const early = watch(harness, { max_hz: 0.001 });
  harness.fixture.publish('s1', [row('a', { x: 2, y: 2, z: 3 }), row('b', { x: 1, y: 2, z: 3 })]);
  const late = watch(harness);
  harness.fixture.publish('s1', [row('a', { x: 2, y: 2, z: 3 }), row('b', { x: 5, y: 2, z: 3 })]);
  harness.run();
  expect(late).toHaveLength(2);
  expect(early).toHaveLength(1);
});

test('what a diff came out as, when it is a snapshot, serves new subscribers as well', async () => {
  const harness = new LiveHarness(new TableFixture({ boot: 'boot' }), { inlineCellsMax: 0 });
  const rows = (value: number) =>
    Array.from({ length: 50 }, (_, i) => row(`row-${i}`, { metric_one: value, metric_two: value }));
  harness.fixture.publish('s1', rows(1));
  const first = watch(harness);
  await harness.complete();
  harness.fixture.publish('s1', rows(2));
  await harness.complete();
  expect(harness.jobs.started).toBe(2);
  const second = watch(harness);
  await harness.settle();
  expect(harness.jobs.started).toBe(2);
  expect(second[0]).toBe(first[1]);
});
