import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ListenError } from '../../../src/server/listen.js';
import { RawClient, request } from '../../fixtures/raw-http.js';
import { members, ServerRig } from '../../fixtures/server-rig.js';
import { row } from '../../fixtures/tables.js';

async function until(test: () => boolean): Promise<void> {
  while (!test()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('listening', () => {
  it('refuses a port that another copy has', () => {
    const first = new ServerRig();
    try {
      const second = (): unknown => new ServerRig({ options: { port: first.port } });
      expect(second).toThrow(ListenError);
      expect(second).toThrow(`cannot listen on 127.0.0.1:${first.port}: address in use or not local`);
    } finally {
      first.close();
    }
    const again = new ServerRig({ options: { port: first.port } });
    expect(again.port).toBe(first.port);
    again.close();
  });

  it('refuses a port that another process has', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    expect(() => new ServerRig({ options: { port } })).toThrow(ListenError);
    await new Promise((resolve) => other.close(resolve));
  });

  it('refuses an address that is not local, and ports that are none', () => {
    expect(() => new ServerRig({ options: { host: '192.0.2.1' } })).toThrow(
      /192\.0\.2\.1:0: address in use or not local/,
    );
    for (const port of [70_000, -1, 1.5])
      expect(() => new ServerRig({ options: { port } })).toThrow(RangeError);
  });
});

describe('the cap on connections', () => {
  it('closes what is beyond it, and nobody else', async () => {
    const rig = new ServerRig({ options: { connectionsMax: 20 } });
    try {
      const clients = Array.from({ length: 20 }, () => new RawClient(rig.port));
      await until(() => rig.server.load.connections === 20);
      const beyond = Array.from({ length: 30 }, () => new RawClient(rig.port));
      await until(() => beyond.every(({ closed }) => closed));
      expect(rig.server.load).toMatchObject({ connections: 20, connectionsRejected: 30 });
      expect(rig.stats.counters.get('connections_rejected')).toBe(30);
      for (const client of clients) client.send(request('GET', '/health'));
      await until(() => clients.every(({ text }) => text.includes('{"ok":true}')));
      clients[0]!.end();
      await until(() => rig.server.load.connections === 19);
      const late = new RawClient(rig.port);
      late.send(request('GET', '/health'));
      await until(() => late.text.includes('{"ok":true}'));
      for (const client of [...clients, late]) client.end();
      await until(() => rig.server.load.connections === 0);
    } finally {
      rig.close();
    }
  });
});

describe('a graceful stop', () => {
  it('finishes what was asked, asks clients to leave, and then closes', async () => {
    const rig = new ServerRig({
      realTime: true,
      rows: Array.from({ length: 3000 }, (_, i) => row(`s${i}`, { v: i })),
    });
    let open: () => void = () => {};
    rig.jobs.gate = new Promise((resolve) => (open = resolve));
    const waiting = rig.get('/telemetry/ListMetrics');
    const kept = new RawClient(rig.port);
    kept.send(request('GET', '/health/ready'));
    await kept.until((text) => text.includes('snapshot_id'));
    await until(() => rig.server.load.inFlight === 1);
    const stopped = rig.server.drain(10_000);
    kept.send(request('GET', '/health/ready'));
    const { text, closed } = await kept.until(() => false);
    expect(closed).toBe(true);
    expect(text).toMatch(/HTTP\/1\.1 503 [^]*Connection: close\r\n[^]*the server is stopping/);
    await expect(fetch(`${rig.origin}/health`)).rejects.toThrow();
    open();
    const reply = await waiting;
    expect([reply.status, (members(reply)['items'] as unknown[]).length]).toEqual([200, 3000]);
    await stopped;
    expect(rig.server.load.connections).toBe(0);
    rig.close();
  });

  it('reads what came while its loop was held up', async () => {
    const HELD_UP_MS = 400;
    const rig = new ServerRig({ realTime: true });
    const kept = new RawClient(rig.port);
    kept.send(request('GET', '/health'));
    await kept.until((text) => text.includes('{"ok":true}'));
    const stopped = rig.server.drain(10_000);
    // The request is with the system before the loop comes to look for it.
    kept.send(request('GET', '/health'));
    const endMs = performance.now() + HELD_UP_MS;
    while (performance.now() < endMs);
    const { text } = await kept.until(() => false);
    expect(text.split('{"ok":true}')).toHaveLength(3);
    expect(text).toContain('Connection: close');
    await stopped;
    rig.close();
  });

  it('fails no request of clients that keep asking', async () => {
    const rig = new ServerRig({ realTime: true });
    let asking = true;
    const failures: string[] = [];
    let answers = 0;
    const ask = async (): Promise<void> => {
      const client = new RawClient(rig.port);
      while (asking) {
        const before = client.text.split('{"ok":true}').length;
        client.send(request('GET', '/health'));
        const { closed } = await client.until((text) => text.split('{"ok":true}').length > before);
        if (client.text.split('{"ok":true}').length > before) answers++;
        else failures.push(client.text.slice(-300));
        if (closed || client.text.includes('Connection: close')) break;
      }
      client.end();
    };
    const clients = Array.from({ length: 16 }, ask);
    await until(() => answers > 200);
    await rig.server.drain(10_000);
    asking = false;
    await Promise.all(clients);
    expect(failures).toEqual([]);
    rig.close();
  });

  it('cuts at its deadline what does not end', async () => {
    const rig = new ServerRig({ realTime: true, changes: () => new Promise(() => {}) });
    const hanging = rig.get('/telemetry/changes?since=aaaa-1');
    hanging.catch(() => {});
    await until(() => rig.server.load.inFlight === 1);
    await rig.server.drain(100);
    await expect(hanging).rejects.toThrow();
    expect(rig.server.load.inFlight).toBe(0);
    rig.close();
  });

  it('may be asked for twice, and closed before and after', async () => {
    const rig = new ServerRig({ realTime: true });
    await Promise.all([rig.server.drain(1000), rig.server.drain(1000)]);
    rig.server.close();
    rig.close();
    await rig.server.drain(10);
  });

  it('leaves nothing behind that keeps the process alive', async () => {
    const fixture = new URL('../../fixtures/server-rig.js', import.meta.url).href;
    const script = `
      const { ServerRig } = await import(${JSON.stringify(fixture)});
      const rig = new ServerRig({ realTime: true });
      await rig.get('/health');
      await rig.server.drain(1000);
      rig.close();
      console.log('stopped');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const code = await new Promise((resolve) => child.on('exit', resolve));
    expect([out.trim(), code]).toEqual(['stopped', 0]);
  });
});
