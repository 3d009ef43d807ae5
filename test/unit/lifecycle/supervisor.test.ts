import { describe, expect, test } from 'vitest';
import { Supervisor } from '../../../src/lifecycle/supervisor.js';
import { ScriptedService, gate, rig } from './lifecycle-rig.js';

const refuse = (message: string) => (): Promise<void> => Promise.reject(new Error(message));
const never = (): Promise<void> => new Promise(() => {});

function setUp(names = ['a', 'b', 'c'], random?: () => number) {
  const parts = rig(random);
  const services = names.map((name) => new ScriptedService(name, parts.events));
  const supervisor = new Supervisor(services, parts.options);
  const [a, b, c] = services as [ScriptedService, ScriptedService, ScriptedService];
  return { ...parts, supervisor, a, b, c };
}

describe('start and stop', () => {
  test('start in order, each after the one before; stop in reverse', async () => {
    const { supervisor, events, a } = setUp();
    const ready = gate();
    a.starts = [() => ready.promise];
    const starting = supervisor.start();
    await Promise.resolve();
    expect(events).toEqual(['start a']);
    ready.open();
    await starting;
    expect(events).toEqual(['start a', 'started a', 'start b', 'started b', 'start c', 'started c']);
    events.length = 0;
    expect(await supervisor.stop()).toBe(true);
    expect(events).toEqual(['stop c', 'stopped c', 'stop b', 'stopped b', 'stop a', 'stopped a']);
    expect(supervisor.states()).toEqual({ a: 'idle', b: 'idle', c: 'idle' });
  });

  test('a first start that fails is not retried: what had started is stopped, and the error told', async () => {
    const { supervisor, events, b, clock } = setUp();
    b.starts = [refuse('port in use: 127.0.0.1:8080')];
    await expect(supervisor.start()).rejects.toThrow('port in use: 127.0.0.1:8080');
    expect(events).toEqual(['start a', 'started a', 'start b', 'stop a', 'stopped a']);
    await clock.advance(100_000);
    expect(events).toHaveLength(5);
    expect(await supervisor.stop()).toBe(true);
  });

  test('stop is one and the same for every caller, and fine before start', async () => {
    const { supervisor, events } = setUp();
    expect(await supervisor.stop()).toBe(true);
    await supervisor.start();
    expect(events).toEqual([]);
    const other = setUp();
    await other.supervisor.start();
    const [first, second] = [other.supervisor.stop(), other.supervisor.stop()];
    expect(first).toBe(second);
    await first;
    expect(other.events.filter((event) => event === 'stop a')).toHaveLength(1);
  });

  test('stop during start waits for the service that is starting, and starts no more', async () => {
    const { supervisor, events, b } = setUp();
    const ready = gate();
    b.starts = [() => ready.promise];
    const starting = supervisor.start();
    const stopping = supervisor.stop();
    ready.open();
    await starting;
    expect(await stopping).toBe(true);
    expect(events.filter((event) => event.startsWith('start'))).not.toContain('start c');
    expect(supervisor.states()).toEqual({ a: 'idle', b: 'idle', c: 'idle' });
  });

  test('a service that never finishes its start does not hold up the others', async () => {
    const { supervisor, b, a, clock, log } = setUp();
    b.starts = [never];
    void supervisor.start();
    await clock.advance(1);
    const stopping = supervisor.stop();
    await clock.advance(500);
    expect(await stopping).toBe(false);
    expect(a.alive).toBe(0);
    expect(log.events()).toContain('service.stop_late');
  });
});

describe('deadlines', () => {
  test('a service that does not stop in time is given up, the rest still stops', async () => {
    const { supervisor, b, a, clock, log } = setUp();
    await supervisor.start();
    b.stops = [never];
    const stopping = supervisor.stop();
    await clock.advance(499);
    expect(a.alive).toBe(1);
    await clock.advance(1);
    expect(await stopping).toBe(false);
    expect(a.alive).toBe(0);
    expect(log.lines.find(({ event }) => event === 'service.stop_late')?.fields).toMatchObject({
      service: 'b',
    });
  });

  test('a stop that throws is logged, and not clean', async () => {
    const { supervisor, b, a, log } = setUp();
    await supervisor.start();
    b.stops = [refuse('socket')];
    expect(await supervisor.stop()).toBe(false);
    expect(a.alive).toBe(0);
    expect(log.events()).toContain('service.stop_failed');
  });

  test('no timer is left behind', async () => {
    const { supervisor, b, clock } = setUp();
    await supervisor.start();
    b.fail(new Error('x'));
    await clock.advance(0);
    await supervisor.stop();
    expect(clock.pending).toBe(0);
  });
});

describe('restart', () => {
  test('a failed service is stopped, then started again after a random part of the backoff', async () => {
    const { supervisor, b, clock, events, log } = setUp();
    await supervisor.start();
    events.length = 0;
    b.fail(new Error('lost'));
    await clock.advance(0);
    expect(events).toEqual(['stop b', 'stopped b']);
    expect(supervisor.states()).toMatchObject({ a: 'running', b: 'pausing', c: 'running' });
    await clock.advance(49);
    expect(events).toHaveLength(2);
    await clock.advance(1);
    expect(events).toEqual(['stop b', 'stopped b', 'start b', 'started b']);
    expect(log.events()).toEqual([
      'service.failed',
      'service.stopped',
      'service.restart',
      'service.restarted',
    ]);
    expect(b.alive).toBe(1);
  });

  test('pauses double up to the cap while it keeps failing', async () => {
    const { supervisor, b, clock, log } = setUp(undefined, () => 0.999);
    await supervisor.start();
    b.starts = Array.from({ length: 6 }, () => refuse('still down'));
    b.fail(new Error('lost'));
    await clock.advance(60_000);
    const pauses = log.lines
      .filter(({ event }) => event === 'service.restart')
      .map(({ fields }) => fields['pause_ms']);
    expect(pauses).toEqual([100, 200, 400, 799, 999, 999, 999]);
    expect(b.alive).toBe(1);
  });

  test('the pause is short again after a healthy period, and only then', async () => {
    const { supervisor, b, clock, log } = setUp();
    await supervisor.start();
    const pauses = (): unknown[] =>
      log.lines.filter(({ event }) => event === 'service.restart').map(({ fields }) => fields['pause_ms']);
    for (const healthyMs of [9000, 9000, 10_100]) {
      b.fail(new Error('lost'));
      await clock.advance(1000);
      await clock.advance(healthyMs - 900);
    }
    b.fail(new Error('lost'));
    await clock.advance(1);
    expect(pauses()).toEqual([50, 100, 200, 50]);
  });

  test('a failure that is told twice, or late by an earlier life, counts once', async () => {
    const { supervisor, b, clock, events } = setUp();
    await supervisor.start();
    const earlier = b.fail;
    earlier(new Error('1'));
    earlier(new Error('2'));
    await clock.advance(1000);
    earlier(new Error('3'));
    await clock.advance(1000);
    expect(events.filter((event) => event === 'start b')).toHaveLength(2);
  });

  test('stop during the pause cancels the restart; during a restart it waits for it', async () => {
    const { supervisor, b, clock, events } = setUp();
    await supervisor.start();
    b.fail(new Error('lost'));
    await clock.advance(1);
    expect(await supervisor.stop()).toBe(true);
    await clock.advance(10_000);
    expect(events.filter((event) => event === 'start b')).toHaveLength(1);

    const other = setUp();
    await other.supervisor.start();
    const ready = gate();
    other.b.starts = [() => ready.promise];
    other.b.fail(new Error('lost'));
    await other.clock.advance(60);
    expect(other.supervisor.states()['b']).toBe('restarting');
    const stopping = other.supervisor.stop();
    ready.open();
    expect(await stopping).toBe(true);
    expect(other.b.alive).toBe(0);
  });

  test('stop while a failed service is being stopped does not stop it twice', async () => {
    const { supervisor, b, clock, events } = setUp();
    await supervisor.start();
    const closed = gate();
    b.stops = [() => closed.promise];
    b.fail(new Error('lost'));
    const stopping = supervisor.stop();
    await clock.advance(1);
    closed.open();
    expect(await stopping).toBe(true);
    expect(events.filter((event) => event === 'stop b')).toHaveLength(1);
    expect(b.alive).toBe(0);
  });
});

describe('services that come and go', () => {
  test('one that comes is stopped behind the one it was put before; one that goes is forgotten', async () => {
    const { supervisor, events } = setUp();
    await supervisor.start();
    events.length = 0;
    await supervisor.add(new ScriptedService('late', events), 'c');
    expect(await supervisor.remove('a')).toBe(true);
    expect(await supervisor.remove('a')).toBe(true);
    expect(events).toEqual(['start late', 'started late', 'stop a', 'stopped a']);
    events.length = 0;
    expect(await supervisor.stop()).toBe(true);
    expect(events.filter((event) => event.startsWith('stop '))).toEqual(['stop c', 'stop late', 'stop b']);
    await supervisor.add(new ScriptedService('too late', events), 'c');
    expect(events.filter((event) => event.includes('too late'))).toEqual([]);
  });

  test('one that is being removed when all stop is waited for, and stopped once', async () => {
    const { supervisor, events, a } = setUp();
    await supervisor.start();
    const end = gate();
    a.stops = [() => end.promise];
    const removing = supervisor.remove('a');
    const stopping = supervisor.stop();
    end.open();
    expect(await Promise.all([removing, stopping])).toEqual([true, true]);
    expect(events.filter((event) => event === 'stop a')).toHaveLength(1);
    expect(a.alive).toBe(0);
  });
});
