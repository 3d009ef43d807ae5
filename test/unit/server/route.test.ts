import { expect, it } from 'vitest';
import { LatencyHistogram } from '../../../src/stats/latency-histogram.js';
import { Routes, type Route } from '../../../src/server/route.js';

const latency = new LatencyHistogram();

function route(path: string): Route {
  return { path, endpoint: { name: 'other', cost: 'cheap', latency }, errorStyle: 'json', handle: () => {} };
}

const routes = new Routes();
for (const path of ['/', '/a', '/a/*', '/a/*/*', '/a/fixed']) routes.add(route(path));

it.each([
  ['/', '/', []],
  ['/a', '/a', []],
  ['/a/fixed', '/a/fixed', []],
  ['/a/x', '/a/*', ['x']],
  ['/a/x/y', '/a/*/*', ['x', 'y']],
  ['/a/%2F/..%2f', '/a/*/*', ['%2F', '..%2f']],
])('%s leads to %s', (path, pattern, segments) => {
  const match = routes.find(path);
  expect(match?.route.path).toBe(pattern);
  expect(match?.segments).toEqual(segments);
});

it.each(['', '/b', '/a/', '//a', '/a//', '/a//y', '/a/x/', '/a/../a', '/a/./x', '/a/x/y/z', '/A', '/a?'])(
  '%j leads nowhere',
  (path) => {
    expect(routes.find(path)).toBeUndefined();
  },
);

it('has one route for a path', () => {
  expect(() => routes.add(route('/a'))).toThrow(/BUG: two routes for \/a/);
});
