import { expect, test } from 'vitest';
import type { Clock } from '../../src/model/clock.js';
import { nullLogger } from '../../src/model/log.js';
import { HistorySink } from '../../src/sink/history-sink.js';
import type { Sink } from '../../src/sink/sink.js';
import type { HistoryStore } from '../../src/snapshot/history-store.js';
import { SinkRunner } from '../../src/sink/sink-runner.js';
import { HistoryRig, seriesOf } from '../fixtures/history-rig.js';
import { InlineJobs } from '../fixtures/inline-jobs.js';
import { row, TableFixture } from '../fixtures/tables.js';
import { until } from '../fixtures/until.js';
import { runSinkCase, type SinkUnderTest } from './sink.case.js';

const MIB = 1024 * 1024;

/** A promise that a test ends. */
function gate(): { readonly closed: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const closed = new Promise<void>((resolve) => (open = resolve));
  return { closed, open };
}

function historySink(store: HistoryStore, jobs: InlineJobs, clock: Clock): HistorySink {
  const onSkipped = (reason: string): void => expect.unreachable(reason);
  return new HistorySink('s1', store, { jobs, clock, jobTimeoutMs: 1000, onSkipped });
}

runSinkCase('history', (fixture) => {
  const { store } = new HistoryRig(['a'], 16 * MIB, 1e9);
  const jobs = new InlineJobs();
  const sink = historySink(store, jobs, fixture.clock);
  return {
    sink,
    hold: () => {
      const { closed, open } = gate();
      jobs.gate = closed;
      return open;
    },
    taken: () => seriesOf(store.reader, 'r', ['a']).map(({ cells }) => cells[0] as number),
  };
});

/** The simplest sink that wants every publish. */
function everySink(): SinkUnderTest {
  let held = Promise.resolve();
  const taken: number[] = [];
  const sink: Sink = {
    name: 'array',
    delivery: 'every',
    write: async (table) => {
      await held;
      const part = table.parts.find(({ ref }) => ref.sourceId === 's1')!;
      const view = part.bank.columns[0]!;
      taken.push(view.i32[(view.cell0 + part.reader.findKey('r')) * 2]!);
    },
  };
  return {
    sink,
    hold: () => {
      const { closed, open } = gate();
      held = closed;
      return open;
    },
    taken: () => taken,
  };
}

runSinkCase('an array of every publish', everySink);

test('a sink that wants the latest is told how many publishes a write stands for', async () => {
  const fixture = new TableFixture();
  const { closed, open } = gate();
  const seen: number[] = [];
  const sink: Sink = {
    name: 'slow',
    delivery: 'latest',
    write: async (_table, { publishes, sources }) => {
      expect(sources).toEqual(['s1']);
      seen.push(publishes);
      await closed;
    },
  };
  // Pins nothing: the fixture's publishes go on under it.
  const runner = new SinkRunner(sink, fixture.fabric, {
    sources: null,
    pin: () => () => undefined,
    log: nullLogger,
  });
  for (let a = 0; a < 2; a++) fixture.publish('s1', [row('r', { a })]);
  await until('the first write', () => seen.length === 1);
  for (let a = 0; a < 4; a++) fixture.publish('s1', [row('r', { a })]);
  open();
  await until('the second write', () => runner.counts.written === 2);
  expect(seen).toEqual([2, 4]);
  expect(runner.counts).toEqual({ written: 2, dropped: 4, failed: 0 });
});

test('a write that fails is counted, and the next publish is written', async () => {
  const fixture = new TableFixture();
  let calls = 0;
  const sink: Sink = {
    name: 'broken',
    delivery: 'latest',
    write: () => (calls++ === 0 ? Promise.reject(new Error('full')) : Promise.resolve()),
  };
  const pin = (): (() => void) => fixture.fabric.pin();
  const runner = new SinkRunner(sink, fixture.fabric, { sources: null, pin, log: nullLogger });
  fixture.publish('s1', [row('r', { a: 1 })]);
  await until('the failure', () => runner.counts.failed === 1);
  fixture.publish('s1', [row('r', { a: 2 })]);
  await until('the write', () => runner.counts.written === 1);
});

test('a slow recording: one publish waits, the next is merged into it, and the newest is remembered', async () => {
  const fixture = new TableFixture();
  const { store } = new HistoryRig(['a'], 16 * MIB, 1e9);
  const jobs = new InlineJobs();
  const sink = historySink(store, jobs, fixture.clock);
  const pin = (): (() => void) => fixture.fabric.pinSource('s1');
  const runner = new SinkRunner(sink, fixture.fabric, { sources: ['s1'], pin, log: nullLogger });
  const { closed, open } = gate();
  jobs.gate = closed;
  const publish = (a: number, newGeneration: boolean): void => {
    fixture.publish('s1', [row('r', { a }, 1e12 + a)], { newGeneration });
  };
  publish(1, false);
  await until('the recording', () => jobs.ran.length === 1);
  publish(2, false);
  // Within one generation a third would wait for the bank that is read.
  publish(3, true);
  publish(4, true);
  open();
  await until('the second recording', () => runner.counts.written === 2);
  expect(runner.counts).toEqual({ written: 2, dropped: 2, failed: 0 });
  expect(seriesOf(store.reader, 'r', ['a']).map(({ cells }) => cells[0])).toEqual([1, 4]);
});
