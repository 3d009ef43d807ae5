import { afterAll, describe, expect, it } from 'vitest';
import { RawClient, request } from '../../fixtures/raw-http.js';
import { ServerRig } from '../../fixtures/server-rig.js';
import { row } from '../../fixtures/tables.js';

const rows = Array.from({ length: 20_000 }, (_, i) => row(`sw-${i}`, { c: 'text '.repeat(80) + i }));
const rig = new ServerRig({ rows, realTime: true });
afterAll(() => rig.close());

// The library's own timers: about ten seconds, looked at every four. All cases wait together.
describe.concurrent('connections that do not get on are closed', () => {
  const close = (client: RawClient): Promise<unknown> => client.until(() => false);

  it('one that says nothing', async () => {
    const client = new RawClient(rig.port);
    await close(client);
    expect(client.text).toBe('');
  });

  it('one whose headers drip', async () => {
    const client = new RawClient(rig.port);
    client.drip(`GET /health HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(1000)}`, 500);
    await close(client);
    expect(client.text).not.toContain('200 OK');
  });

  it('one whose body drips', async () => {
    const client = new RawClient(rig.port);
    client.send(request('POST', '/health', { 'Content-Length': '1000' }));
    client.drip('x'.repeat(1000), 100);
    await close(client);
    expect(client.text).toMatch(/^HTTP\/1\.1 405/);
  });

  it('one without a Host', async () => {
    const client = new RawClient(rig.port);
    client.send('GET /health HTTP/1.1\r\n\r\n');
    await close(client);
    expect(client.text).not.toContain('200 OK');
  });

  it('one with more than a hundred headers', async () => {
    const client = new RawClient(rig.port);
    const many = Array.from({ length: 120 }, (_, i) => `H${i}: x\r\n`).join('');
    client.send(`GET /health HTTP/1.1\r\nHost: a\r\n${many}\r\n`);
    await close(client);
    expect(client.text).not.toContain('200 OK');
  });

  it('one that is idle behind an answer', async () => {
    const client = new RawClient(rig.port);
    client.send(request('GET', '/health'));
    await close(client);
    expect(client.text).toContain('{"ok":true}');
  });

  it('one that does not read its list, whose bytes are given up', async () => {
    const client = new RawClient(rig.port);
    client.socket.pause();
    client.send(request('GET', '/telemetry/ListMetrics'));
    while (rig.server.load.bytesInFlight === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    while (rig.server.load.bytesInFlight > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    client.end();
    expect(rig.stats.counters.get('requests_aborted')).toBe(1);
  });
});
