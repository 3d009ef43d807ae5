import { describe, expect, test } from 'vitest';
import { Shutdown } from '../../../src/lifecycle/shutdown.js';
import { flush } from '../../fixtures/fake-clock.js';
import { gate, rig } from './lifecycle-rig.js';

function setUp(stop: () => Promise<boolean>) {
  const { clock, log } = rig();
  const exits: number[] = [];
  const order: string[] = [];
  const shutdown = new Shutdown({
    stop,
    timeoutMs: 1000,
    clock,
    log,
    flush: () => {
      order.push('flush');
      return Promise.resolve();
    },
    exit: (code) => {
      order.push('exit');
      exits.push(code);
    },
  });
  return { shutdown, exits, order, clock, log };
}

describe('Shutdown', () => {
  test('the first signal stops everything, flushes, and exits 0', async () => {
    const stopped = gate();
    const { shutdown, exits, order, log } = setUp(() => stopped.promise.then(() => true));
    expect(shutdown.isUnderWay).toBe(false);
    shutdown.signal('SIGTERM');
    expect(shutdown.isUnderWay).toBe(true);
    await flush();
    expect(exits).toEqual([]);
    stopped.open();
    await flush();
    expect(exits).toEqual([0]);
    expect(order).toEqual(['flush', 'exit']);
    expect(log.events()).toEqual(['shutdown', 'shutdown.done']);
    expect(log.lines[0]!.fields).toEqual({ reason: 'SIGTERM', timeout_ms: 1000 });
  });

  test('a second signal exits at once', async () => {
    const { shutdown, exits, log, clock } = setUp(() => new Promise(() => {}));
    shutdown.signal('SIGTERM');
    await clock.advance(60);
    shutdown.signal('SIGINT');
    expect(exits).toEqual([1]);
    expect(log.events()).toEqual(['shutdown', 'shutdown.forced']);
    await clock.advance(10_000);
    expect(exits).toEqual([1]);
  });

  test('a second SIGTERM exits at once, however soon it comes', () => {
    const { shutdown, exits } = setUp(() => new Promise(() => {}));
    shutdown.signal('SIGTERM');
    shutdown.signal('SIGTERM');
    expect(exits).toEqual([1]);
  });

  test('the echo of an interrupt is no second signal; a second key stroke is', async () => {
    const { shutdown, exits, clock } = setUp(() => new Promise(() => {}));
    shutdown.signal('SIGINT');
    await clock.advance(49);
    shutdown.signal('SIGINT');
    expect(exits).toEqual([]);
    await clock.advance(1);
    shutdown.signal('SIGINT');
    expect(exits).toEqual([1]);
  });

  test('at the deadline it exits 1', async () => {
    const { shutdown, exits, clock, log } = setUp(() => new Promise(() => {}));
    shutdown.signal('SIGTERM');
    await clock.advance(999);
    expect(exits).toEqual([]);
    await clock.advance(1);
    expect(exits).toEqual([1]);
    expect(log.events()).toContain('shutdown.late');
  });

  test('what did not stop cleanly, or threw, exits 1', async () => {
    for (const stop of [() => Promise.resolve(false), () => Promise.reject(new Error('x'))]) {
      const { shutdown, exits } = setUp(stop);
      shutdown.signal('SIGTERM');
      await flush();
      expect(exits).toEqual([1]);
    }
  });

  test('a crash says so and exits 1, once', async () => {
    const { shutdown, exits, log } = setUp(() => Promise.resolve(true));
    shutdown.crash('a string');
    await flush();
    shutdown.crash(new Error('again'));
    shutdown.signal('SIGTERM');
    await flush();
    expect(exits).toEqual([1]);
    expect(log.lines[0]).toMatchObject({ level: 'fatal', event: 'crash' });
  });
});
