/** What one publish costs the main thread, counted: looks at rows, jobs, timers. */
import { afterEach, expect, test, vi } from 'vitest';
import { SegmentReader } from '../../../src/snapshot/reader.js';
import { LiveHarness } from '../../fixtures/live-hub.js';
import { row, TableFixture, type Row } from '../../fixtures/tables.js';

afterEach(() => {
  vi.restoreAllMocks();
});

const ROWS = 20_000;

function rows(count: number, value: number): Row[] {
  return Array.from({ length: count }, (_, i) => row(`sw-${i}`, { cpu: i === 7 ? value : 1 }));
}

/** Counts every look at a row, by key or by slot. */
function countLooks(): { count: number } {
  const looks = { count: 0 };
  for (const name of ['isPresent', 'findKey', 'findBytes', 'keyStart'] as const) {
    const original = SegmentReader.prototype[name] as (...args: unknown[]) => unknown;
    vi.spyOn(SegmentReader.prototype, name).mockImplementation(function (this: unknown, ...args: unknown[]) {
      looks.count++;
      return original.apply(this, args) as never;
    });
  }
  return looks;
}

function harnessOf(fixture: TableFixture, subscribers: number, message: (i: number) => object): LiveHarness {
  const harness = new LiveHarness(fixture);
  for (let i = 0; i < subscribers; i++) {
    const transport = harness.connect();
    transport.client.expect('s');
    transport.say({ op: 'subscribe', id: 's', ...message(i) });
  }
  harness.run();
  return harness;
}

test('a subscriber of one row looks it up once, however many rows there are', () => {
  const fixture = new TableFixture();
  fixture.publish('s1', rows(ROWS, 1));
  const harness = harnessOf(fixture, 50, (i) => ({ switches: [`sw-${i}`] }));
  fixture.publish('s1', rows(ROWS, 2));
  const looks = countLooks();
  harness.run();
  // The one whose row changed: is it there, and where is its key?
  expect(looks.count).toBeGreaterThan(0);
  expect(looks.count).toBeLessThanOrEqual(4);
  expect(harness.jobs.started).toBe(0);
});

test('a prefix over many rows is compared with their keys in a worker', () => {
  const fixture = new TableFixture();
  fixture.publish('s1', rows(ROWS, 1));
  const looks = countLooks();
  const harness = harnessOf(fixture, 1, () => ({ switches: ['sw-7*'] }));
  expect(harness.jobs.started).toBe(1);
  expect(looks.count).toBe(0);
});

test.each([[{ switches: ['sw-7*'] }], [{}]])('so are slots whose rows have vanished: %j', (message) => {
  const fixture = new TableFixture();
  fixture.publish('s1', rows(ROWS, 1));
  fixture.publish('s1', rows(10, 1));
  const looks = countLooks();
  const harness = harnessOf(fixture, 1, () => message);
  expect(harness.jobs.started).toBe(1);
  expect(looks.count).toBe(0);
});

test('a diff of a few cells of all rows looks at the changed rows only', () => {
  const fixture = new TableFixture();
  fixture.publish('s1', rows(ROWS, 1));
  const harness = harnessOf(fixture, 1, () => ({}));
  harness.jobs.finish();
  return harness.settle().then(() => {
    fixture.publish('s1', rows(ROWS, 2));
    const looks = countLooks();
    harness.run();
    expect(harness.jobs.started).toBe(1);
    expect(looks.count).toBeLessThanOrEqual(4);
  });
});

test('publishes that max_hz keeps from a client set no timers', () => {
  const fixture = new TableFixture();
  fixture.publish('s1', rows(10, 1));
  const harness = harnessOf(fixture, 1, () => ({ max_hz: 0.1 }));
  const schedule = vi.spyOn(fixture.clock, 'schedule');
  for (let i = 0; i < 20; i++) {
    fixture.publish('s1', rows(10, 2 + i));
    harness.run();
  }
  expect(schedule.mock.calls.length).toBeLessThanOrEqual(1);
});
