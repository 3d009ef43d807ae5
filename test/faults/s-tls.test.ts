/** TLS of the listener, a certificate that changes while weft runs, and what is open to other hosts. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigFile } from '../fixtures/config-file.js';
import { pem, pemPath } from '../fixtures/served-bodies.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started, WeftProcess } from '../fixtures/weft-process.js';

const started = new Started();
const folder = mkdtempSync(join(tmpdir(), 'weft-tls-'));
const cert = join(folder, 'cert.pem');
const key = join(folder, 'key.pem');
const SERVER_NAME = 'telemetry.test';
let weft: WeftProcess;
let port: number;

function install(name: string): void {
  copyFileSync(pemPath(name), cert);
  copyFileSync(pemPath(`${name}-key`), key);
}

beforeAll(async () => {
  install('server');
  const upstream = started.add(await Upstream.start());
  const rows = Array.from({ length: 20_000 }, (_, i) => `sw-${i},${i},${i * 7}`);
  upstream.body = Buffer.from(`switch_id,a,b\n${rows.join('\n')}\n`);
  const env = { UPSTREAM_URL: upstream.url(), TLS_CERT: cert, TLS_KEY: key };
  weft = await started.weft('serve', { env });
  const url = new URL(await weft.url());
  expect(url.protocol).toBe('https:');
  port = Number(url.port);
  await until('the first poll', async () => (await get('/health/ready')).status === 200);
});

afterAll(async () => {
  await started.endAll();
  rmSync(folder, { recursive: true, force: true });
});

interface Got {
  readonly status: number;
  readonly body: string;
}

function get(path: string, rejectUnauthorized = true): Promise<Got> {
  return new Promise((resolve, reject) => {
    const tls = { ca: pem('ca'), servername: SERVER_NAME, rejectUnauthorized };
    const options = { host: '127.0.0.1', port, path, ...tls, agent: false };
    request(options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode!, body }));
      response.on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}

/** A handshake: the name in the certificate and the version, or what it failed with. */
function shake(
  options: { readonly maxVersion?: 'TLSv1.1' | 'TLSv1.2'; readonly at?: number } = {},
): Promise<string> {
  const { maxVersion, at = port } = options;
  return new Promise((resolve) => {
    const versions = maxVersion && {
      maxVersion,
      minVersion: 'TLSv1' as const,
      ciphers: 'DEFAULT:@SECLEVEL=0',
    };
    const socket = connect({ host: '127.0.0.1', port: at, rejectUnauthorized: false, ...versions }, () => {
      resolve(`${socket.getPeerCertificate().subject.CN} ${socket.getProtocol()}`);
      socket.destroy();
    });
    socket.on('error', () => resolve('refused'));
  });
}

/** Of /metrics, asked without looking at the certificate. */
async function certificates(): Promise<number> {
  const { body } = await get('/metrics', false);
  return Number(/^weft_certificates (\d+)$/m.exec(body)![1]);
}

/** The connection as a stream. */
async function upgraded(socket: TLSSocket): Promise<TLSSocket> {
  let got = '';
  socket.on('data', (data: Buffer) => (got += data.toString('latin1')));
  const handshake = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13';
  socket.write(
    `GET /telemetry/stream HTTP/1.1\r\nHost: weft\r\n${handshake}\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  );
  await until('the hello of the stream', () => got.includes('"hello"'));
  return socket;
}

function reload(): Promise<Readonly<Record<string, unknown>>> {
  const before = weft.events('config.reload').length;
  weft.child.kill('SIGHUP');
  return until('a reload', () => weft.events('config.reload')[before]);
}

describe('TLS', () => {
  test('serves reads and large lists to clients that check the certificate', async () => {
    expect(await get('/telemetry/GetMetric?switch_id=sw-7&metric=b')).toMatchObject({ status: 200 });
    const list = await get('/telemetry/ListMetrics');
    const { items } = JSON.parse(list.body) as { items: readonly { b: number }[] };
    expect([items.length, items.at(-1)!.b]).toEqual([20_000, 19_999 * 7]);
    expect(await shake()).toBe(`${SERVER_NAME} TLSv1.3`);
    expect(await shake({ maxVersion: 'TLSv1.2' })).toBe(`${SERVER_NAME} TLSv1.2`);
    expect(await shake({ maxVersion: 'TLSv1.1' })).toBe('refused');
  });

  test('takes another certificate on SIGHUP, without a restart and without a cut', async () => {
    const kept = await new Promise<TLSSocket>((resolve) => {
      const socket: TLSSocket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () =>
        resolve(socket),
      );
    });
    install('elsewhere');
    expect(await reload()).toMatchObject({ ok: true, changed: ['certificate'] });
    expect(await shake()).toBe('elsewhere.test TLSv1.3');
    // What was open stays open, with the certificate that it began with.
    expect(await certificates()).toBe(2);
    kept.write('GET /health HTTP/1.1\r\nHost: weft\r\n\r\n');
    const answer = await new Promise<string>(
      (resolve) => void kept.once('data', (data: Buffer) => resolve(data.toString())),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK/);
    // Upgraded: HTTP is told of no close.
    const stream = await upgraded(kept);
    expect(await certificates()).toBe(2);
    stream.destroy();
    await until('the end of the old certificate', async () => (await certificates()) === 1);
    expect(await shake()).toBe('elsewhere.test TLSv1.3');
    // Nothing changed: nothing is done.
    expect(await reload()).toMatchObject({ ok: true, changed: [] });
  });

  test('keeps no certificate that nobody uses, however often it is replaced', async () => {
    for (const name of ['server', 'elsewhere', 'server', 'elsewhere']) {
      install(name);
      expect(await reload()).toMatchObject({ ok: true, changed: ['certificate'] });
      expect(await shake()).toMatch(name === 'server' ? SERVER_NAME : 'elsewhere.test');
    }
    await until('one certificate', async () => (await certificates()) === 1);
  });

  test.each([
    ['a key of another certificate', (): void => copyFileSync(pemPath('elsewhere-key'), key)],
    ['no certificate', (): void => writeFileSync(cert, 'nonsense')],
    ['no file', (): void => rmSync(cert)],
  ])('keeps the old certificate when there is %s', async (_what, damage) => {
    const before = await shake();
    install('server');
    damage();
    const line = await reload();
    expect(line).toMatchObject({ ok: false });
    expect(String(line['mistakes'])).toMatch(/TLS_(CERT|KEY)/);
    expect(await shake()).toBe(before);
    expect(JSON.stringify(weft.log)).not.toContain('PRIVATE KEY');
  });

  test('1.3 alone, when that is asked for; a second copy on the port is refused', async () => {
    install('server');
    const env = { TLS_CERT: cert, TLS_KEY: key, TLS_MIN_VERSION: '1.3', METRICS_SERVER_PORT: port };
    const second = started.add(new WeftProcess(['serve'], { env }));
    expect(await second.exit()).toMatchObject({ code: 1 });
    expect(second.stderr).toContain(`127.0.0.1:${port}`);
    const strict = await started.weft('serve', { env: { ...env, METRICS_SERVER_PORT: 0 } });
    const at = Number(new URL(await strict.url()).port);
    expect(await shake({ at })).toBe(`${SERVER_NAME} TLSv1.3`);
    expect(await shake({ at, maxVersion: 'TLSv1.2' })).toBe('refused');
    expect(await strict.stop()).toEqual({ code: 0, signal: null });
  });
});

describe('an address that other hosts reach', () => {
  test('needs tokens or the explicit flag', async () => {
    const env = { METRICS_SERVER_HOST: '0.0.0.0' };
    const refused = started.add(new WeftProcess(['serve'], { env }));
    expect(await refused.exit()).toEqual({ code: 78, signal: null });
    expect(refused.stderr).toMatch(
      /^weft: METRICS_SERVER_HOST: 0\.0\.0\.0 is open to other hosts.*INSECURE=true/,
    );
    const meant = await started.weft('serve', { env, flags: ['--insecure'] });
    expect(await meant.stop()).toEqual({ code: 0, signal: null });
    const file = started.add(new ConfigFile('tokens: []'));
    const asked = await started.weft('serve', { env: { ...env, TOKENS_FILE: file.path } });
    const answer = await fetch((await asked.url()).replace('0.0.0.0', '127.0.0.1') + '/stats');
    expect(answer.status).toBe(401);
  });

  test('weft token makes one that weft takes', async () => {
    const maker = started.add(
      new WeftProcess(['token'], {
        flags: ['--id', 'noc', '--scopes', 'metrics:read,stats:read', '--expires', '1h'],
      }),
    );
    expect(await maker.exit()).toEqual({ code: 0, signal: null });
    const [secret = '', ...rest] = maker.text;
    expect(secret).toMatch(/^weft_[A-Za-z0-9_-]{43}$/);
    expect(rest.join('\n')).not.toContain(secret);
    const entry = rest.slice(rest.findIndex((line) => line.startsWith('  - id:')));
    const file = started.add(new ConfigFile(`tokens:\n${entry.join('\n')}\n`));
    const asked = await started.weft('serve', { env: { TOKENS_FILE: file.path } });
    const headers = { Authorization: `Bearer ${secret}` };
    const answer = await fetch(`${await asked.url()}/stats`, { headers });
    expect(answer.status).toBe(200);
    const other = started.add(new WeftProcess(['token'], {}));
    expect(await other.exit()).toEqual({ code: 78, signal: null });
    expect(other.stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^weft: --id: is missing/),
      expect.stringMatching(/^weft: --scopes: are missing/),
    ]);
  });
});
