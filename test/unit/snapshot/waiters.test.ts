import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { Waiters } from '../../../src/snapshot/waiters.js';

test('wakes all who wait, and leaves nothing with their signals', async () => {
  const waiters = new Waiters();
  const { signal } = new AbortController();
  for (let i = 0; i < 20; i++) {
    const both = Promise.all([waiters.wait(signal), waiters.wait(signal)]);
    expect(getEventListeners(signal, 'abort')).toHaveLength(2);
    waiters.wakeAll();
    await both;
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  }
});

test('an abort ends the wait of its own signal only', async () => {
  const waiters = new Waiters();
  const [first, second] = [new AbortController(), new AbortController()];
  const ended: string[] = [];
  const waits = [
    waiters.wait(first.signal).then(() => ended.push('first')),
    waiters.wait(second.signal).then(() => ended.push('second')),
  ];
  first.abort();
  await waits[0];
  expect(ended).toEqual(['first']);
  waiters.wakeAll();
  await waits[1];
  expect(ended).toEqual(['first', 'second']);
  await waiters.wait(first.signal);
});
