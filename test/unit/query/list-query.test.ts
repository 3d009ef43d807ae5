import { describe, expect, it } from 'vitest';
import type { Dialect } from '../../../src/config/config.js';
import { acceptsGzip, preferredFormat } from '../../../src/query/accept.js';
import { listSelection, parseListQuery, type ListSelection } from '../../../src/query/list-query.js';

interface Given {
  readonly query?: string;
  readonly metric?: string;
  readonly accept?: string;
  readonly dialect?: Dialect;
}

function parse({ query = '', metric, accept = '', dialect }: Given): ListSelection {
  return parseListQuery({
    rawQuery: query,
    rawMetric: metric ?? null,
    accept,
    dialect: dialect ?? null,
    rules: { extra: ['dialect'], ignoreUnknown: dialect !== undefined },
  });
}

const coded = (code: string): unknown => expect.objectContaining({ code });

describe('the shape of a list', () => {
  it.each<[Given, string]>([
    [{}, 'envelope'],
    [{ query: 'fields=a' }, 'envelope'],
    [{ query: 'metrics=a,b' }, 'csv'],
    [{ metric: 'a' }, 'page'],
    [{ query: 'shape=map' }, 'map'],
    [{ query: 'shape=columns&fields=a' }, 'columns'],
    [{ query: 'metrics=a&shape=page' }, 'page'],
    [{ query: 'metrics=a&format=json' }, 'envelope'],
    [{ query: 'metrics=a&shape=columns&format=json' }, 'columns'],
    [{ query: 'format=csv' }, 'csv'],
    [{ metric: 'a', query: 'format=ndjson' }, 'ndjson'],
    [{ metric: 'a', query: 'format=json' }, 'page'],
    [{ accept: 'text/csv' }, 'csv'],
    [{ accept: 'application/x-ndjson;q=0.5' }, 'ndjson'],
    [{ query: 'metrics=a', accept: 'application/json' }, 'envelope'],
    [{ query: 'metrics=a', accept: '*/*' }, 'csv'],
    [{ query: 'format=json', accept: 'text/csv' }, 'envelope'],
    [{ query: 'shape=map', accept: 'text/csv' }, 'map'],
    [{ dialect: 'map' }, 'map'],
    [{ dialect: 'envelope', accept: 'text/csv' }, 'envelope'],
    [{ dialect: 'plain', query: 'metrics=a', accept: 'application/json' }, 'csv'],
    [{ dialect: 'page', metric: 'a' }, 'page'],
    [{ dialect: 'page' }, 'envelope'],
    [{ dialect: 'map', query: 'format=csv&nonsense=1' }, 'map'],
  ])('of %j is %s', (given, shape) => {
    expect(parse(given).shape).toBe(shape);
  });

  it('cannot be JSON and not', () => {
    expect(() => parse({ query: 'shape=map&format=csv' })).toThrowError(coded('contradictory_parameter'));
    expect(() => parse({ query: 'shape=csv' })).toThrowError(coded('bad_value'));
    expect(() => parse({ query: 'shape=schema' })).toThrowError(coded('bad_value'));
    expect(() => parse({ query: 'format=xml' })).toThrowError(coded('bad_value'));
  });
});

describe('the columns of a list', () => {
  it('keep their order, pseudo-columns too', () => {
    expect(parse({}).fields).toBeNull();
    expect(parse({ query: 'fields=b,%40age_ms,a' }).fields).toEqual(['b', '@age_ms', 'a']);
    expect(parse({ query: 'metrics=b,a' }).fields).toEqual(['b', 'a']);
    expect(parse({ metric: 'a%2Fb' }).fields).toEqual(['a/b']);
  });

  it.each<[Given, string]>([
    [{ query: 'metrics=a,b,a' }, 'duplicate_parameter'],
    [{ query: 'fields=a,a' }, 'duplicate_parameter'],
    [{ query: 'metrics=a&metrics=b' }, 'duplicate_parameter'],
    [{ query: 'metrics=' }, 'missing_parameter'],
    [{ query: 'fields=' }, 'missing_parameter'],
    [{ query: 'fields=a,,b' }, 'bad_value'],
    [{ query: 'fields=a&metrics=b' }, 'contradictory_parameter'],
    [{ metric: 'a', query: 'fields=b' }, 'contradictory_parameter'],
    [{ query: 'shape=page' }, 'missing_parameter'],
    [{ query: 'shape=page&fields=a,b' }, 'bad_value'],
    [{ metric: '%zz' }, 'bad_encoding'],
    [{ dialect: 'plain' }, 'missing_parameter'],
    [{ dialect: 'plain', query: 'metrics=a,a' }, 'duplicate_parameter'],
    [{ query: 'switchs=a' }, 'unknown_parameter'],
  ])('of %j are refused as %s', (given, code) => {
    expect(() => parse(given)).toThrowError(coded(code));
  });
});

describe('the rows of a list', () => {
  it('have limits by address: pages are small', () => {
    expect(parse({})).toMatchObject({ limit: null, offset: 0 });
    expect(parse({ metric: 'a' })).toMatchObject({ limit: 10, offset: 0 });
    expect(parse({ metric: 'a', query: 'format=csv' }).limit).toBe(10);
    expect(parse({ metric: 'a', query: 'limit=100&offset=7' })).toMatchObject({ limit: 100, offset: 7 });
    expect(parse({ query: 'limit=101' }).limit).toBe(101);
  });

  it.each<[Given, string]>([
    [{ metric: 'a', query: 'limit=101' }, 'out_of_range'],
    [{ metric: 'a', query: 'limit=0' }, 'out_of_range'],
    [{ query: 'limit=0' }, 'out_of_range'],
    [{ query: 'limit=-1' }, 'out_of_range'],
    [{ query: 'limit=1e9' }, 'out_of_range'],
    [{ query: 'offset=-1' }, 'out_of_range'],
    [{ query: 'limit=abc' }, 'bad_value'],
    [{ query: 'offset=0x10' }, 'bad_value'],
    [{ query: 'switches=' }, 'bad_value'],
    [{ query: 'switches=a*b' }, 'bad_value'],
  ])('are refused for %j as %s', (given, code) => {
    expect(() => parse(given)).toThrowError(coded(code));
  });

  it('come as a selector', () => {
    expect(parse({ query: 'switches=b,a,sw-5*' }).rows).toEqual({ exact: ['a', 'b'], prefixes: ['sw-5'] });
    expect(parse({ query: 'switches=*' }).rows).toBeNull();
  });
});

describe('the key of a selection', () => {
  it('is the same for the same list, however it was spelled', () => {
    expect(parse({ query: 'switches=b,a&fields=x' }).key).toBe(
      parse({ query: 'fields=x&switches=a,b,a' }).key,
    );
    expect(parse({ query: 'shape=envelope' }).key).toBe(parse({}).key);
  });

  it('tells every difference', () => {
    const keys = [
      listSelection({}),
      listSelection({ shape: 'map' }),
      listSelection({ fields: ['a', 'b'] }),
      listSelection({ fields: ['b', 'a'] }),
      listSelection({ fields: ['a,b'] }),
      listSelection({ rows: { exact: ['a'], prefixes: [] } }),
      listSelection({ rows: { exact: [], prefixes: ['a'] } }),
      listSelection({ rows: { exact: ['a*'], prefixes: [] } }),
      listSelection({ offset: 1 }),
      listSelection({ limit: 1 }),
      listSelection({ int64AsString: true }),
      listSelection({ idHeader: 'SwitchId' }),
      listSelection({ bare: true }),
    ].map((selection) => selection.key);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('goes with the name of the row key', () => {
    expect(parse({ dialect: 'plain', query: 'metrics=a' }).idHeader).toBe('SwitchId');
    expect(parse({ query: 'metrics=a' }).idHeader).toBe('switch_id');
  });
});

describe('Accept', () => {
  it.each([
    ['', undefined],
    ['*/*', undefined],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', undefined],
    ['text/*', undefined],
    ['application/json, text/plain, */*', 'json'],
    ['Text/CSV; charset=utf-8', 'csv'],
    ['text/csv;q=0.4, application/x-ndjson;q=0.6', 'ndjson'],
    ['text/csv;q=0', undefined],
    ['text/csv, application/json', 'csv'],
    [';;;,,q=1', undefined],
  ])('%j names %s', (header, format) => {
    expect(preferredFormat(header)).toBe(format);
  });

  it.each([
    ['', false],
    ['gzip', true],
    ['deflate, gzip;q=0.5', true],
    ['gzip;q=0', false],
    ['*', true],
    ['*, gzip;q=0', false],
    ['identity', false],
    ['br', false],
    ['x-gzip', true],
  ])('of encodings %j takes gzip: %s', (header, taken) => {
    expect(acceptsGzip(header)).toBe(taken);
  });
});
