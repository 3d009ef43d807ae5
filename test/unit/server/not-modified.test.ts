import { afterAll, describe, expect, it } from 'vitest';
import { RawClient, request, splitResponses } from '../../fixtures/raw-http.js';
import { ServerRig } from '../../fixtures/server-rig.js';

const rig = new ServerRig();
afterAll(() => rig.close());

const id = rig.tables.fabric.snapshotId;
const READS = [
  '/telemetry/GetMetric?switch_id=sw-000&metric=state',
  '/telemetry/GetMetric?switch_id=sw-000&metric=state&format=text',
  '/telemetry/GetMetric/state/sw-000',
  '/telemetry/ListMetrics',
  '/telemetry/ListMetrics?metrics=state',
  '/telemetry/ListMetrics/state',
  '/telemetry/schema',
  `/telemetry/changes?since=${id}`,
  '/dialects/map/telemetry/ListMetrics',
  '/dialects/plain/telemetry/GetMetric?switch=sw-000&metric=state',
];

describe('If-None-Match', () => {
  it.each(READS)('%s', async (path) => {
    const matching = [`W/"${id}"`, `"${id}"`, id, '*', `"other", W/"${id}"`, `other,${id}`];
    for (const tag of matching) {
      const reply = await rig.get(path, { 'If-None-Match': tag });
      expect([tag, reply.status, reply.text]).toEqual([tag, 304, '']);
      expect(reply.headers.get('etag')).toBe(`W/"${id}"`);
      expect(reply.headers.get('vary')).toBe('Accept, Accept-Encoding');
      expect(reply.headers.get('cache-control')).toBe('no-cache');
      expect(reply.headers.get('x-request-id')).not.toBeNull();
      expect(reply.headers.get('content-length')).toBeNull();
    }
    for (const tag of [`"${id}x"`, '"other"', `W/"${id.slice(0, -1)}"`, '""']) {
      expect([tag, (await rig.get(path, { 'If-None-Match': tag })).status]).toEqual([tag, 200]);
    }
  });

  it('works for HEAD, and the connection goes on', async () => {
    const client = new RawClient(rig.port);
    const header = { 'If-None-Match': `W/"${id}"` };
    client.send(request('HEAD', READS[3]!, header));
    await client.until((text) => text.includes('\r\n\r\n'));
    client.send(request('GET', READS[0]!, header) + request('GET', '/health'));
    const { text } = await client.until((all) => all.includes('{"ok":true}'));
    client.end();
    expect(splitResponses(text).map(({ status }) => status)).toEqual([304, 304, 200]);
  });

  it('in two headers counts as one list', async () => {
    const client = new RawClient(rig.port);
    client.send(
      `GET ${READS[0]!} HTTP/1.1\r\nHost: weft\r\nIf-None-Match: "x"\r\nIf-None-Match: W/"${id}"\r\n\r\n`,
    );
    const { text } = await client.until((all) => all.includes('\r\n\r\n'));
    client.end();
    expect(text).toMatch(/^HTTP\/1\.1 304 /);
  });

  it.each([
    ['/telemetry/GetMetric?switch_id=sw-000', 400],
    ['/telemetry/GetMetric?switch_id=nope&metric=state', 404],
    ['/telemetry/ListMetrics?fields=nope', 404],
    ['/telemetry/ListMetrics?switches=nope', 404],
    ['/telemetry/ListMetrics?limit=-1', 422],
    ['/telemetry/changes', 400],
    ['/telemetry/changes?since=a&fields=nope', 404],
    ['/nope', 404],
  ])('comes last: %s is %i all the same', async (path, status) => {
    expect((await rig.get(path, { 'If-None-Match': '*' })).status).toBe(status);
  });

  it('comes after staleness', async () => {
    const old = new ServerRig({ maxStaleMs: 1000 });
    try {
      await old.tables.clock.advance(2000);
      for (const path of READS.slice(0, 2)) {
        expect((await old.get(path, { 'If-None-Match': '*' })).status).toBe(503);
      }
      expect((await old.get('/telemetry/ListMetrics', { 'If-None-Match': '*' })).status).toBe(503);
    } finally {
      old.close();
    }
  });
});
