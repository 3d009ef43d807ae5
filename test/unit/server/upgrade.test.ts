import { afterEach, describe, expect, it } from 'vitest';
import type { Guard } from '../../../src/server/guards/guard.js';
import { RawClient, request } from '../../fixtures/raw-http.js';
import { ServerRig, type RigOptions } from '../../fixtures/server-rig.js';
import { WsClient } from '../../fixtures/ws-client.js';

let rig: ServerRig;
afterEach(() => rig.close());

function start(options: RigOptions = {}): ServerRig {
  rig = new ServerRig({ realTime: true, ...options });
  return rig;
}

describe('upgrades', () => {
  it.each([
    ['another page', 'https://evil.example', 403],
    ['no page', 'null', 403],
    ['several', 'http://a, http://b', 403],
  ])('from %s are refused', async (_name, origin, status) => {
    start();
    const client = new WsClient(rig.port, { headers: { Origin: origin } });
    await client.refused();
    expect(client.refusedStatus).toBe(status);
    expect(JSON.parse(client.refusedBody)).toMatchObject({ error: 'forbidden' });
    expect(rig.server.load.sockets).toBe(0);
  });

  it('from a page of this host are taken', async () => {
    start();
    const client = new WsClient(rig.port, { headers: { Origin: `http://127.0.0.1:${rig.port}` } });
    await client.take('hello');
    client.end();
  });

  it('pass the same guards as HTTP', async () => {
    const seen: string[] = [];
    const guard: Guard = {
      name: 'auth',
      check: (facts) => {
        seen.push(`${facts.transport} ${facts.endpoint} ${facts.authorization}`);
        return facts.authorization === 'Bearer t' || facts.endpoint !== 'stream'
          ? { allow: true }
          : { allow: false, status: 401, error: 'unauthorized', message: 'cannot: no token' };
      },
    };
    start({ guards: [guard] });
    const stranger = new WsClient(rig.port);
    await stranger.refused();
    expect(stranger.refusedStatus).toBe(401);
    const friend = new WsClient(rig.port, { headers: { Authorization: 'Bearer t' } });
    await friend.take('hello');
    expect(seen).toEqual(['websocket stream ', 'websocket stream Bearer t']);
    friend.end();
  });

  it('end in 500 when a guard fails, and nothing else does', async () => {
    const guard: Guard = {
      name: 'broken',
      check: (facts) => {
        if (facts.transport === 'websocket') throw new Error('boom');
        return { allow: true };
      },
    };
    start({ guards: [guard] });
    const client = new WsClient(rig.port);
    await client.refused();
    expect(client.refusedStatus).toBe(500);
    expect(rig.log.of('http.error')).toHaveLength(1);
    expect((await rig.get('/health')).status).toBe(200);
  });

  it('of another version, of ambiguous framing, or none at all, are refused', async () => {
    start();
    const upgrade = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    };
    const ask = async (headers: Record<string, string>): Promise<string> => {
      const client = new RawClient(rig.port);
      client.send(request('GET', '/telemetry/stream', headers));
      const { text } = await client.until((all) => all.includes('}'));
      client.end();
      return text;
    };
    const version = await ask({ ...upgrade, 'Sec-WebSocket-Version': '8' });
    expect(version).toMatch(/^HTTP\/1\.1 426 [^]*\r\nSec-WebSocket-Version: 13\r\n/);
    const framing = await ask({ ...upgrade, 'Sec-WebSocket-Version': '13', 'Transfer-Encoding': 'chunked' });
    expect(framing).toMatch(/^HTTP\/1\.1 400 /);
    expect(await ask({})).toMatch(/^HTTP\/1\.1 426 [^]*\r\nUpgrade: websocket\r\n/);
    expect(await ask({ ...upgrade, 'Sec-WebSocket-Key': 'short' })).toMatch(/^HTTP\/1\.1 426 /);
  });

  it('agree on no compression and no subprotocol', async () => {
    start();
    const client = new WsClient(rig.port, { perMessageDeflate: true });
    await client.take('hello');
    expect([client.socket.extensions, client.socket.protocol]).toEqual(['', '']);
    client.end();
  });
});
