import { afterEach, describe, expect, it } from 'vitest';
import type { Guard } from '../../../src/server/guards/guard.js';
import { WeftError } from '../../../src/model/errors.js';
import { RawClient, request } from '../../fixtures/raw-http.js';
import { members, ServerRig, type RigOptions } from '../../fixtures/server-rig.js';

let rig: ServerRig;
afterEach(() => rig.close());

const CHANGES = '/telemetry/changes?since=aaaa-1';

function start(options: RigOptions): ServerRig {
  rig = new ServerRig(options);
  return rig;
}

/** Resolves when `test` holds; the test's own time limit ends the wait. */
async function until(test: () => boolean): Promise<void> {
  while (!test()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Stands for any code that runs before or in a handler. */
const throwing: Guard = {
  name: 'throwing',
  check(facts) {
    if (facts.endpoint === 'schema') throw new Error('boom in sync code');
    return { allow: true };
  },
};

describe('a handler that throws', () => {
  it('in its call is answered 500, and only the log says why', async () => {
    const { log } = start({ guards: [throwing] });
    const reply = await rig.get('/telemetry/schema');
    expect(reply.status).toBe(500);
    const body = members(reply);
    expect(body['error']).toBe('internal');
    expect(reply.text).not.toContain('boom');
    const [fields] = log.of('http.error');
    expect(fields).toMatchObject({
      request_id: body['request_id'],
      path: '/telemetry/schema',
      method: 'GET',
    });
    expect((fields!['err'] as Error).message).toBe('boom in sync code');
    expect((await rig.get('/health')).status).toBe(200);
  });

  it('later is answered 500', async () => {
    start({ changes: () => Promise.reject(new TypeError('boom in async code')) });
    const reply = await rig.get(CHANGES);
    expect([reply.status, members(reply)['error']]).toEqual([500, 'internal']);
    expect(rig.log.of('http.error')).toHaveLength(1);
    expect(rig.server.load.inFlight).toBe(0);
  });

  it('a refusal later is answered as it is, and not logged as an error', async () => {
    start({ changes: () => Promise.reject(new WeftError('overloaded', 'cannot: full', 3)) });
    const reply = await rig.get(CHANGES);
    expect([reply.status, members(reply)['error'], reply.headers.get('retry-after')]).toEqual([
      503,
      'overloaded',
      '3',
    ]);
    expect(rig.log.of('http.error')).toEqual([]);
    expect(rig.stats.counters.get('requests_overloaded')).toBe(1);
  });

  it('after its client left harms nobody', async () => {
    let fail: (error: Error) => void = () => {};
    start({ changes: () => new Promise((_, reject) => (fail = reject)) });
    const client = new RawClient(rig.port);
    client.send(request('GET', CHANGES));
    await until(() => rig.server.load.inFlight === 1);
    client.end();
    await until(() => rig.server.load.inFlight === 0);
    fail(new Error('boom after abort'));
    await until(() => rig.log.of('http.error').length === 1);
    expect((await rig.get('/health')).status).toBe(200);
    expect(rig.stats.counters.get('requests_aborted')).toBe(1);
  });
});

describe('a deadline', () => {
  it('answers 504 for a handler that never does, which may come too late', async () => {
    let settle: (frame: { snapshotId: string; prefix: string; body: Uint8Array }) => void = () => {};
    start({
      realTime: true,
      options: { deadlineMs: 50 },
      changes: () => new Promise((resolve) => (settle = resolve)),
    });
    const reply = await rig.get(CHANGES);
    expect([reply.status, members(reply)['error']]).toEqual([504, 'deadline']);
    expect(rig.server.load.inFlight).toBe(0);
    settle({ snapshotId: 'a-1', prefix: '{', body: Buffer.from('}') });
    expect((await rig.get('/health')).status).toBe(200);
  });
});

describe('clients that leave', () => {
  it('before the answer, hundreds of times, leave nothing behind', async () => {
    let open: () => void = () => {};
    start({});
    rig.jobs.gate = new Promise((resolve) => (open = resolve));
    const big = Array.from({ length: 3000 }, (_, i) => ({ id: `s${i}`, cells: { v: i } }));
    rig.tables.publish('s1', big);
    for (let round = 0; round < 20; round++) {
      const clients = Array.from({ length: 25 }, () => new RawClient(rig.port));
      for (const client of clients) client.send(request('GET', '/telemetry/ListMetrics'));
      await until(() => rig.server.load.inFlight === 25);
      for (const client of clients) client.end();
      await until(() => rig.server.load.inFlight === 0);
    }
    open();
    rig.jobs.gate = null;
    expect((await rig.get('/telemetry/ListMetrics')).status).toBe(200);
    await until(() => rig.server.load.connections <= 2);
    expect(rig.server.load).toMatchObject({ inFlight: 0, bytesInFlight: 0 });
    expect(rig.stats.counters.get('requests_aborted')).toBe(500);
  });
});

describe('pipelined requests behind a slow one', () => {
  it('are not answered in its place: the connection closes', async () => {
    start({ changes: () => new Promise(() => {}) });
    const client = new RawClient(rig.port);
    client.send(request('GET', CHANGES) + request('GET', '/health'));
    const { text, closed } = await client.until(() => false);
    expect([closed, text]).toEqual([true, '']);
    await until(() => rig.server.load.inFlight === 0);
  });
});

describe('guards', () => {
  it('refuse in the one error shape, with their own headers', async () => {
    const headers = { 'WWW-Authenticate': 'Bearer' };
    const refused = {
      allow: false,
      status: 401,
      error: 'unauthorized',
      message: 'cannot: no token',
      headers,
    } as const;
    const seen: string[] = [];
    const guard: Guard = {
      name: 'auth',
      check: (facts) => {
        seen.push(
          `${facts.transport} ${facts.method} ${facts.endpoint} ${facts.authorization} ${facts.remoteAddress()}`,
        );
        return facts.endpoint === 'stats' ? refused : { allow: true };
      },
    };
    start({ guards: [guard] });
    const reply = await rig.get('/stats', { Authorization: 'Bearer x' });
    expect([reply.status, reply.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(members(reply)).toMatchObject({ error: 'unauthorized', detail: 'cannot: no token' });
    expect(seen).toEqual(['http GET stats Bearer x 127.0.0.1']);
    // Also where nothing is: what exists is nobody's business.
    await rig.get('/nope', {}, 'DELETE');
    expect(seen[1]).toBe('http DELETE other  127.0.0.1');
  });
});
