import { describe, expect, it } from 'vitest';
import { OWN_RULES } from '../../../src/server/dialects.js';
import { KnownLists } from '../../../src/server/routes/known-lists.js';
import { parseListQuery, type ListRequest } from '../../../src/query/list-query.js';

function request(given: Partial<ListRequest>): ListRequest {
  return { rawQuery: '', rawMetric: null, accept: '', dialect: null, rules: OWN_RULES, ...given };
}

describe('selections of known requests', () => {
  it('are told apart by query, path and Accept', () => {
    const known = new KnownLists();
    const requests = [
      {},
      { rawQuery: 'fields=a' },
      { rawQuery: 'fields=a', accept: 'text/csv' },
      { accept: 'text/csv' },
      { rawMetric: 'a' },
      { rawMetric: 'b' },
      { rawMetric: 'a', rawQuery: 'limit=2' },
      { rawMetric: 'a', rawQuery: 'limit=2', accept: 'application/x-ndjson' },
    ].map(request);
    for (const one of requests) {
      expect(known.get(one)).toBeUndefined();
      known.add(one, parseListQuery(one));
    }
    for (const one of requests) expect(known.get(one)!.key).toBe(parseListQuery(one).key);
    expect(known.size).toBe(requests.length);
  });

  it('are few, and none is of a long request', () => {
    const known = new KnownLists();
    for (let limit = 1; limit <= 1000; limit++) {
      const one = request({ rawQuery: `limit=${limit}` });
      known.add(one, parseListQuery(one));
    }
    expect(known.size).toBe(256);
    expect(known.get(request({ rawQuery: 'limit=1' }))).toBeUndefined();
    expect(known.get(request({ rawQuery: 'limit=1000' }))?.limit).toBe(1000);
    const long = request({ rawQuery: `fields=${'a'.repeat(600)}` });
    known.add(long, parseListQuery(long));
    expect(known.get(long)).toBeUndefined();
  });
});
