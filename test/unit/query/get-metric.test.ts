import { describe, expect, it } from 'vitest';
import {
  locate,
  locatePath,
  locateQuery,
  LocatedMetric,
  MetricCache,
  type MetricRequest,
} from '../../../src/query/get-metric.js';
import { row, TableFixture, tableOf } from '../../fixtures/tables.js';

const RULES = { extra: ['dialect'], ignoreUnknown: false };
const table = tableOf([row('sw-0', { cpu: 1, 'a/b': 2 }), row('cpu', { cpu: 3, 'a/b': 4 })]);

const coded = (code: string): unknown => expect.objectContaining({ code });

describe('locate', () => {
  it('finds a cell, and says what is unknown', () => {
    expect(locate(table, 'cpu', 'a/b')).toEqual({ part: 0, slot: 1, column: 1 });
    expect(() => locate(table, 'x', 'cpu')).toThrowError("Unknown switch_id 'x'.");
    expect(() => locate(table, 'sw-0', 'x')).toThrowError("Unknown metric 'x'. Available: ['cpu', 'a/b']");
    expect(() => locate(table, '__proto__', 'cpu')).toThrowError(coded('unknown_switch'));
  });
});

describe('locateQuery', () => {
  const request = (raw: string): MetricRequest => locateQuery(table, raw, RULES).request;

  it('takes all spellings and the overrides', () => {
    const plain = { switchId: 'sw-0', metric: 'cpu', format: 'json', int64AsString: false, view: null };
    expect(request('switch_id=sw-0&metric=cpu')).toEqual(plain);
    expect(request('metric_name=cpu&switch=sw-0&dialect=map')).toEqual(plain);
    expect(request('switchId=sw-0&metric=a%2Fb&format=text&int64=string')).toEqual({
      switchId: 'sw-0',
      metric: 'a/b',
      format: 'text',
      int64AsString: true,
      view: null,
    });
  });

  it.each([
    ['', 'missing_parameter'],
    ['switch_id=sw-0', 'missing_parameter'],
    ['metric=cpu', 'missing_parameter'],
    ['switch_id=sw-0&metric=', 'missing_parameter'],
    ['switch_id=sw-0&metric=cpu&limit=1', 'unknown_parameter'],
    ['switch_id=sw-0&switch=sw-1&metric=cpu', 'contradictory_parameter'],
    ['switch_id=sw-0&metric=cpu&format=xml', 'bad_value'],
    ['switch_id=sw-0&metric=cpu&int64=yes', 'bad_value'],
    ['switch_id=sw-9&metric=cpu', 'unknown_switch'],
    ['switch_id=sw-0&metric=mem', 'unknown_metric'],
  ])('refuses %j as %s', (raw, code) => {
    expect(() => request(raw)).toThrowError(coded(code));
  });
});

describe('locatePath', () => {
  const path = (a: string, b: string, query = ''): string => {
    const { request } = locatePath(table, a, b, query, RULES);
    return `${request.metric} of ${request.switchId}`;
  };

  it('reads metric and switch, the other order when only that fits, the first when both do', () => {
    expect(path('cpu', 'sw-0')).toBe('cpu of sw-0');
    expect(path('sw-0', 'cpu')).toBe('cpu of sw-0');
    expect(path('cpu', 'cpu')).toBe('cpu of cpu');
    expect(path('a%2Fb', 'cpu')).toBe('a/b of cpu');
    expect(path('sw-0', 'a%2Fb', 'format=text')).toBe('a/b of sw-0');
  });

  it.each([
    ['cpu', 'sw-9', "Unknown switch_id 'sw-9'."],
    ['sw-9', 'a%2Fb', "Unknown switch_id 'sw-9'."],
    ['mem', 'sw-0', "Unknown metric 'mem'."],
    ['sw-0', 'mem', "Unknown metric 'mem'."],
    ['mem', 'sw-9', "Unknown metric 'mem'."],
  ])('of %j and %j says %s', (a, b, message) => {
    expect(() => path(a, b)).toThrowError(message);
  });

  it('takes no switch in the query', () => {
    expect(() => path('cpu', 'sw-0', 'switch_id=sw-0')).toThrowError(coded('unknown_parameter'));
  });
});

describe('MetricCache', () => {
  const REQUEST: MetricRequest = {
    switchId: 'a',
    metric: 'x',
    format: 'json',
    int64AsString: false,
    view: null,
  };

  it('knows a cell again in every version of its generation', () => {
    const fixture = new TableFixture();
    const cache = new MetricCache();
    const first = fixture.publish('s1', [row('a', { x: 1 })]);
    const located = new LocatedMetric(first, REQUEST);
    cache.add('q', located);
    expect(cache.find('q', first)).toBe(located);
    expect(cache.find('other', first)).toBeUndefined();
    expect(cache.find('q', fixture.publish('s1', [row('a', { x: 2 })]))).toBe(located);
  });

  it('forgets a row that vanished, finds it when it is back, and follows a new generation', () => {
    const fixture = new TableFixture();
    const cache = new MetricCache();
    cache.add(
      'q',
      new LocatedMetric(fixture.publish('s1', [row('a', { x: 1 }), row('b', { x: 1 })]), REQUEST),
    );
    expect(cache.find('q', fixture.publish('s1', [row('b', { x: 2 })]))).toBeUndefined();
    expect(cache.find('q', fixture.publish('s1', [row('a', { x: 3 })]))).toBeDefined();
    const moved = fixture.publish('s1', [row('z', { y: 1, x: 2 }), row('a', { y: 1, x: 2 })]);
    expect(cache.find('q', moved)).toBeUndefined();
    const again = new LocatedMetric(moved, REQUEST);
    cache.add('q', again);
    expect(cache.find('q', moved)).toBe(again);
    expect([again.slot, again.column]).toEqual([1, 1]);
    expect(cache.size).toBe(1);
  });

  it('moves to the part that holds the newest sample of a shared row', () => {
    const fixture = new TableFixture({ sources: ['a', 'b'] });
    const nowMs = fixture.clock.nowMs();
    fixture.publish('a', [row('a', { x: 1 })], { dataTsMs: nowMs });
    const both = fixture.publish('b', [row('q', { x: 9 }), row('a', { x: 2 })], { dataTsMs: nowMs + 1 });
    const cache = new MetricCache();
    const located = new LocatedMetric(both, REQUEST);
    cache.add('q', located);
    expect([located.part, located.slot]).toEqual([1, 1]);
    const newer = fixture.publish('a', [row('a', { x: 3 })], { dataTsMs: nowMs + 2 });
    expect(cache.find('q', newer)).toBe(located);
    expect([located.part, located.slot]).toEqual([0, 0]);
    const gone = fixture.publish('a', [row('o', { x: 3 })], { dataTsMs: nowMs + 3 });
    expect(cache.find('q', gone)).toBe(located);
    // Held: the other one has an older sample only.
    expect(located.part).toBe(0);
    const other = fixture.publish('b', [row('a', { x: 4 })], { dataTsMs: nowMs + 4 });
    expect(cache.find('q', other)).toBe(located);
    expect([located.part, located.slot]).toEqual([1, 1]);
  });

  it('is bounded: the oldest entry goes first, long texts are not kept', () => {
    const cache = new MetricCache(2);
    const of = tableOf([row('a', { x: 1 })]);
    const located = new LocatedMetric(of, REQUEST);
    for (const key of ['1', '2', '1', '3']) cache.add(key, located);
    expect(cache.size).toBe(2);
    expect(['1', '2', '3'].map((key) => cache.find(key, of) !== undefined)).toEqual([true, false, true]);
    cache.add('k'.repeat(10_000), located);
    expect(cache.size).toBe(2);
    expect(cache.find('k'.repeat(10_000), of)).toBeUndefined();
  });
});
