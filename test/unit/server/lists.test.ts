import { gunzipSync } from 'node:zlib';
import { get as httpGet } from 'node:http';
import { afterAll, describe, expect, it } from 'vitest';
import { members, ServerRig } from '../../fixtures/server-rig.js';
import { row } from '../../fixtures/tables.js';

const LIST = '/telemetry/ListMetrics';
const rig = new ServerRig();
afterAll(() => rig.close());

/** The body as it is on the wire. */
function wireBody(
  path: string,
  headers: Record<string, string>,
  on = rig,
): Promise<{ body: Buffer; encoding: string }> {
  return new Promise((resolve, reject) => {
    httpGet(on.origin + path, { headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ body: Buffer.concat(chunks), encoding: response.headers['content-encoding'] ?? '' });
      });
    }).on('error', reject);
  });
}

describe('shapes', () => {
  it('envelope: rows as objects, what moves each millisecond last', async () => {
    const reply = await rig.get(LIST);
    expect(reply.headers.get('content-type')).toBe('application/json');
    const body = members(reply);
    expect(Object.keys(body)).toEqual(['snapshot_id', 'fields', 'items', 'total', 'age_ms']);
    expect(body['fields']).toEqual(['cpu_util_pct', 'packet_errors', 'octets', 'state']);
    expect(body['total']).toBe(3);
    expect((body['items'] as unknown[])[1]).toEqual({
      switch_id: 'sw-001',
      cpu_util_pct: 80,
      packet_errors: 3,
      octets: 1,
      state: 'DOWN',
    });
    expect(reply.text).toContain('"octets":18446744073709551615');
  });

  it.each([
    [
      '?shape=map&fields=packet_errors',
      'application/json',
      /^\{"sw-000":\{"packet_errors":0,"timestamp":\d+\},/,
    ],
    ['?shape=columns&fields=packet_errors', 'application/json', /"columns":\{"packet_errors":\[0,3,12\]\}/],
    [
      '/packet_errors?limit=1',
      'application/json',
      /^\{"items":\[.*\],"metrics":\[.*\],"total":3,"limit":1,"offset":0\}$/,
    ],
    [
      '?metrics=state,cpu_util_pct',
      'text/csv; charset=utf-8',
      /^switch_id,state,cpu_util_pct\r\nsw-000,UP,34.1\r\n/,
    ],
    ['?format=csv&fields=state', 'text/csv; charset=utf-8', /^switch_id,state\r\n/],
    ['?format=ndjson&fields=state', 'application/x-ndjson', /^\{"switch_id":"sw-000","state":"UP"\}\n/],
    [
      '?fields=state&switches=sw-00*&limit=1&offset=2',
      'application/json',
      /"items":\[\{"switch_id":"sw-002"/,
    ],
  ])('%s', async (query, type, pattern) => {
    const reply = await rig.get(LIST + query);
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, type]);
    expect(reply.text).toMatch(pattern);
  });

  it.each([
    ['text/csv', 'text/csv; charset=utf-8'],
    ['application/x-ndjson', 'application/x-ndjson'],
    ['application/json', 'application/json'],
    ['text/html,*/*', 'application/json'],
  ])('Accept: %s', async (accept, type) => {
    expect((await rig.get(LIST, { Accept: accept })).headers.get('content-type')).toBe(type);
  });

  it('schema', async () => {
    const reply = await rig.get('/telemetry/schema');
    const { fields, rows, switch_id: keys } = members(reply);
    expect([rows, keys]).toEqual([3, ['switch_id']]);
    expect(fields).toContainEqual({ name: 'octets', kind: 'u64', sources: ['s1'] });
    expect(reply.headers.get('etag')).toBe(`W/"${rig.tables.fabric.snapshotId}"`);
    expect((await rig.get('/telemetry/schema?x=1')).status).toBe(400);
  });
});

describe('mistakes', () => {
  it.each([
    ['?fields=nope', 404, 'unknown_metric'],
    ['?switches=nope', 404, 'unknown_switch'],
    ['?metrics=state,state', 400, 'duplicate_parameter'],
    ['?metrics=', 400, 'missing_parameter'],
    ['?limit=abc', 400, 'bad_value'],
    ['?limit=0x10', 400, 'bad_value'],
    ['?limit=-1', 422, 'out_of_range'],
    ['?offset=-1', 422, 'out_of_range'],
    ['/state?limit=101', 422, 'out_of_range'],
    ['/state?limit=1e9', 422, 'out_of_range'],
    ['/nope', 404, 'unknown_metric'],
    ['?shape=map&format=csv', 400, 'contradictory_parameter'],
    ['?unknown=1', 400, 'unknown_parameter'],
    ['?limit=1&limit=2', 400, 'duplicate_parameter'],
  ])('%s: %i %s', async (query, status, error) => {
    const reply = await rig.get(LIST + query);
    expect([reply.status, members(reply)['error']]).toEqual([status, error]);
  });

  it('a body beyond MAX_LIST_BYTES names what to do', async () => {
    const small = new ServerRig({ listBytesMax: 100 });
    try {
      const reply = await small.get(LIST);
      expect([reply.status, members(reply)['error']]).toEqual([413, 'too_large']);
      expect(members(reply)['message']).toMatch(/MAX_LIST_BYTES.*fields.*limit/);
    } finally {
      small.close();
    }
  });
});

describe('large lists', () => {
  const rows = Array.from({ length: 5000 }, (_, i) => row(`sw-${i}`, { a: i, b: i / 8, c: `text ${i % 7}` }));
  const large = new ServerRig({ rows });
  afterAll(() => large.close());

  it('are encoded by a job once, and sent whole', async () => {
    const first = await large.get(LIST, { 'Accept-Encoding': 'identity' });
    const second = await large.get(LIST, { 'Accept-Encoding': 'identity' });
    expect(large.jobs.ran).toEqual(['encodeList']);
    expect((members(first)['items'] as unknown[]).length).toBe(5000);
    expect(second.text).toBe(first.text);
    expect(Number(first.headers.get('content-length'))).toBe(Buffer.byteLength(first.text));
  });

  it('come compressed as one gzip member, with their own age', async () => {
    const plain = await wireBody(LIST, {}, large);
    const packed = await wireBody(LIST, { 'Accept-Encoding': 'gzip' }, large);
    expect([plain.encoding, packed.encoding]).toEqual(['', 'gzip']);
    expect(packed.body.length).toBeLessThan(plain.body.length / 2);
    expect(gunzipSync(packed.body).equals(plain.body)).toBe(true);
    await large.tables.clock.advance(1234);
    const later = gunzipSync((await wireBody(LIST, { 'Accept-Encoding': 'gzip' }, large)).body);
    expect((JSON.parse(later.toString()) as { age_ms: number }).age_ms).toBe(1234);
  });

  it('tell a lost job as what it is', async () => {
    const exited = Promise.resolve();
    const cases = [
      ['overloaded', 503, 'overloaded', '2'],
      ['timeout', 504, 'deadline', null],
      ['worker', 500, 'internal', null],
    ] as const;
    for (const [reason, status, error, retryAfter] of cases) {
      large.jobs.outcome = { ok: false, reason, message: 'told by the pool', exited };
      const reply = await large.get(`${LIST}?fields=a,b&format=ndjson&limit=4999`);
      expect([reply.status, members(reply)['error']]).toEqual([status, error]);
      expect(reply.headers.get('retry-after')).toBe(retryAfter);
    }
    large.jobs.outcome = null;
    expect((await large.get(`${LIST}?fields=a,b&format=ndjson&limit=4999`)).status).toBe(200);
  });
});

describe('stale sources', () => {
  it('stay in lists and are named; with every source stale there is no list', async () => {
    const two = new ServerRig({ sources: ['old', 'new'], maxStaleMs: 10_000, rows: null });
    try {
      const { tables } = two;
      expect((await two.get(LIST)).status).toBe(503);
      tables.publish('old', [row('a', { v: 1 })]);
      await tables.clock.advance(9000);
      tables.publish('new', [row('b', { v: 2 })]);
      await tables.clock.advance(2000);
      const reply = await two.get(LIST);
      expect(reply.headers.get('x-stale-sources')).toBe('old');
      expect(reply.headers.get('x-data-age-ms')).toBe('11000');
      expect(members(reply)).toMatchObject({ stale_sources: ['old'], total: 2, age_ms: 11_000 });
      expect((await two.get(`${LIST}?switches=b`)).headers.get('x-stale-sources')).toBeNull();
      await tables.clock.advance(9000);
      const none = await two.get(LIST);
      expect([none.status, members(none)['error'], none.headers.get('retry-after')]).toEqual([
        503,
        'stale',
        '2',
      ]);
    } finally {
      two.close();
    }
  });
});
