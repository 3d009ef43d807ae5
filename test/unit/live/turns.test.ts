import { expect, test } from 'vitest';
import { Turns, type Step } from '../../../src/live/turns.js';
import { FakeClock } from '../../fixtures/fake-clock.js';

function make(): { turns: Turns; turn: () => void; waiting: () => number; after: { count: number } } {
  const deferred: (() => void)[] = [];
  const after = { count: 0 };
  const turns = new Turns(
    new FakeClock(),
    (fn) => void deferred.push(fn),
    () => after.count++,
  );
  return { turns, turn: () => deferred.shift()!(), waiting: () => deferred.length, after };
}

function stepOf(fn: () => number): Step {
  return { queued: false, step: fn };
}

test('nothing runs within add, everything in order, each once', () => {
  const { turns, turn, waiting, after } = make();
  const order: string[] = [];
  const steps = ['a', 'b', 'c'].map((name) => stepOf(() => order.push(name) * 0));
  for (const step of [...steps, ...steps]) turns.add(step);
  expect(order).toEqual([]);
  expect(waiting()).toBe(1);
  turn();
  expect(order).toEqual(['a', 'b', 'c']);
  expect(turns.idle).toBe(true);
  expect(waiting()).toBe(0);
  expect(after.count).toBe(1);
});

test('a step that adds itself waits behind the others', () => {
  const { turns, turn } = make();
  const order: string[] = [];
  for (const name of ['a', 'b']) {
    let left = 2;
    const step = stepOf(() => {
      order.push(name);
      if (--left > 0) turns.add(step);
      return 0;
    });
    turns.add(step);
  }
  turn();
  expect(order).toEqual(['a', 'b', 'a', 'b']);
});

test('a turn ends when it has handed on a mebibyte', () => {
  const { turns, turn, waiting } = make();
  let ran = 0;
  for (let i = 0; i < 10; i++) {
    const step = stepOf(() => {
      ran++;
      return 400_000;
    });
    turns.add(step);
  }
  turn();
  expect(ran).toBe(3);
  expect(waiting()).toBe(1);
});

test('a step that throws does not stop the others', () => {
  const { turns, turn } = make();
  let ran = false;
  const bad = stepOf(() => {
    throw new Error('a bug');
  });
  const good = stepOf(() => {
    ran = true;
    return 0;
  });
  turns.add(bad);
  turns.add(good);
  expect(turn).toThrow('a bug');
  turn();
  expect(ran).toBe(true);
});

test('long queues run dry', () => {
  const { turns, turn, waiting } = make();
  let ran = 0;
  for (let i = 0; i < 5000; i++) {
    const step = stepOf(() => {
      ran++;
      return 10_000;
    });
    turns.add(step);
  }
  while (waiting() > 0) turn();
  expect(ran).toBe(5000);
  expect(turns.idle).toBe(true);
});
