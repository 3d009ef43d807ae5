import { expect, it } from 'vitest';
import { Connections, connectionsCap, descriptorsReservedBy } from '../../../src/server/connections.js';

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max open files            1024                 524288               files
`;

it('leaves descriptors for everything else', () => {
  expect(connectionsCap(0, 64, LIMITS)).toBe(960);
  expect(connectionsCap(100, 64, LIMITS)).toBe(100);
  expect(connectionsCap(5000, 64, LIMITS)).toBe(960);
});

it('has a cap where the limit is small, absent or unknown', () => {
  expect(connectionsCap(0, 64, LIMITS.replace('1024  ', '64    '))).toBe(32);
  expect(connectionsCap(0, 64, LIMITS.replace('1024     ', 'unlimited'))).toBeGreaterThan(100_000);
  expect(connectionsCap(0, 64, '')).toBe(192);
});

it('leaves more to many sources and threads, and never more than half', () => {
  const needs = (sources: number, workers: number): number =>
    descriptorsReservedBy({ sources: new Array(sources), workers, readers: 1 });
  expect(needs(1, 1)).toBe(64);
  expect(needs(60, 3)).toBe(176);
  expect(connectionsCap(0, 176, LIMITS)).toBe(848);
  expect(connectionsCap(0, 4000, LIMITS)).toBe(512);
});

it('counts what is open and what is beyond the cap', () => {
  const connections = new Connections(2);
  expect([connections.opened(), connections.opened(), connections.opened()]).toEqual([true, true, false]);
  connections.closed();
  expect([connections.open, connections.rejected]).toEqual([2, 1]);
  connections.closed();
  expect(connections.opened()).toBe(true);
});
