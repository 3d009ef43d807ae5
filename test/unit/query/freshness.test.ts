import { describe, expect, it } from 'vitest';
import { etagOf, matchesEtag } from '../../../src/query/etag.js';
import { listFreshness, requireLiveTable, requireTable, rowFreshness } from '../../../src/query/freshness.js';
import { row, TableFixture } from '../../fixtures/tables.js';

const coded = (code: string): unknown =>
  expect.objectContaining({ code, retryAfterS: expect.any(Number) as number });

describe('freshness', () => {
  it('is nothing before the first publish', () => {
    const { fabric, clock } = new TableFixture();
    expect(() => requireTable(fabric)).toThrowError('No data yet. Try again shortly.');
    expect(() => requireTable(fabric)).toThrowError(coded('no_data'));
    expect(() => requireLiveTable(fabric, clock)).toThrowError(coded('no_data'));
  });

  it('is the age of the data, in whole ms, never negative', async () => {
    const fixture = new TableFixture();
    const { fabric, clock } = fixture;
    const dataTsMs = clock.nowMs() - 500;
    fixture.publish('s1', [row('a', { x: 1 })], { dataTsMs });
    await clock.advance(312);
    expect(rowFreshness(fabric, 0, clock)).toEqual({ ageMs: 812, dataTsMs, staleSources: [] });
    expect(listFreshness(fabric, [], clock)).toEqual({ ageMs: 812, dataTsMs, staleSources: [] });
    clock.stepWall(-3_600_000);
    expect(rowFreshness(fabric, 0, clock).ageMs).toBe(0);
    expect(listFreshness(fabric, ['s1'], clock).ageMs).toBe(0);
  });

  it('refuses a row of a stale source, by the monotonic clock alone', async () => {
    const fixture = new TableFixture({ maxStaleMs: 1000 });
    const { fabric, clock } = fixture;
    fixture.publish('s1', [row('a', { x: 1 })]);
    clock.stepWall(3_600_000);
    expect(rowFreshness(fabric, 0, clock).ageMs).toBe(3_600_000);
    await clock.advance(1000);
    expect(() => rowFreshness(fabric, 0, clock)).not.toThrow();
    await clock.advance(1);
    expect(() => rowFreshness(fabric, 0, clock)).toThrowError(coded('stale'));
    expect(() => requireLiveTable(fabric, clock)).toThrowError(coded('stale'));
    fabric.statusOf(0).goodExchange();
    expect(() => rowFreshness(fabric, 0, clock)).not.toThrow();
  });

  it('of a list is that of the oldest source concerned, and names the stale ones', async () => {
    const fixture = new TableFixture({ sources: ['a', 'b', 'never'], maxStaleMs: 1000 });
    const { fabric, clock } = fixture;
    fixture.publish('a', [row('x', { v: 1 })]);
    await clock.advance(1500);
    fixture.publish('b', [row('y', { v: 1 })]);
    await clock.advance(10);
    expect(listFreshness(fabric, [], clock)).toMatchObject({ ageMs: 1510, staleSources: ['a'] });
    expect(listFreshness(fabric, ['b'], clock)).toMatchObject({ ageMs: 10, staleSources: [] });
    expect(requireLiveTable(fabric, clock)).toBe(fabric.table);
    expect(() => rowFreshness(fabric, 0, clock)).toThrowError(/'a' is stale/);
    expect(rowFreshness(fabric, 1, clock).ageMs).toBe(10);
    await clock.advance(1000);
    expect(() => requireLiveTable(fabric, clock)).toThrowError(coded('stale'));
  });

  it('has no end where a source is never stale', async () => {
    const fixture = new TableFixture({ maxStaleMs: 0 });
    fixture.publish('s1', [row('a', { x: 1 })]);
    await fixture.clock.advance(1e9);
    expect(rowFreshness(fixture.fabric, 0, fixture.clock).ageMs).toBe(1e9);
  });
});

describe('entity tags', () => {
  it.each([
    'W/"k3f9-42"',
    '"k3f9-42"',
    'k3f9-42',
    'W/k3f9-42',
    '*',
    ' * ',
    '"other", W/"k3f9-42"',
    'other,k3f9-42',
    '"a,b" , "k3f9-42"',
  ])('%j matches', (header) => {
    expect(matchesEtag(header, 'k3f9-42')).toBe(true);
  });

  it.each(['', '"k3f9-4"', '"k3f9-421"', 'k3f9', '"*"', '"', ',,,', '"x,k3f9-42"', 'W/""'])(
    '%j does not match',
    (header) => {
      expect(matchesEtag(header, 'k3f9-42')).toBe(false);
    },
  );

  it('match what was sent', () => {
    expect(etagOf('k3f9-42')).toBe('W/"k3f9-42"');
    expect(matchesEtag(etagOf('k3f9-42'), 'k3f9-42')).toBe(true);
  });
});
