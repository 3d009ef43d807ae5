/** Exchanges over TLS and over unix sockets, with real servers on loopback. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsOptions } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../../src/model/clock.js';
import type { TlsSettings } from '../../../../src/model/tls.js';
import type { Exchanged } from '../../../../src/source/exchange/attempt.js';
import { HttpExchange } from '../../../../src/source/exchange/fetch-body.js';
import { bodyOf, NEVER } from '../../../fixtures/exchange-rig.js';
import { SinkLedger } from '../../../fixtures/memory-sink.js';
import { pem } from '../../../fixtures/served-bodies.js';

const NO_TLS: TlsSettings = { ca: null, cert: null, key: null, servername: null, insecure: false };
const CSV = 'switch_id,x\na,1\n';

const folder = mkdtempSync(join(tmpdir(), 'weft-unix-'));
const open: { close(): Promise<void> }[] = [];
let seen: string[] = [];

const answer: RequestListener = (request, response) => {
  seen.push(`${request.headers.host} ${request.url}`);
  response.setHeader('Content-Type', 'text/csv').setHeader('Connection', 'keep-alive');
  response.end(CSV);
};

async function listen(server: Server, at: number | string): Promise<void> {
  await new Promise<void>((resolve) =>
    typeof at === 'string' ? server.listen(at, resolve) : server.listen(at, '127.0.0.1', resolve),
  );
  open.push({
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  });
}

/** The port of an https server that shows a certificate of test/fixtures/tls. */
async function secure(name: string, options: TlsOptions = {}): Promise<number> {
  const server = createTlsServer({ cert: pem(name), key: pem(`${name}-key`), ...options }, answer);
  server.on('tlsClientError', () => {});
  await listen(server, 0);
  return (server.address() as AddressInfo).port;
}

function exchangeAt(url: string, route: { tls?: TlsSettings; socketPath?: string } = {}): HttpExchange {
  const limits = { bodyBytesMax: 1_000_000, decodedBytesMax: 1_000_000 };
  const options = { id: 'a', url, intervalMs: 1_000, timeoutMs: 10_000, headers: {}, ...limits, ...route };
  const exchange = new HttpExchange(options, systemClock, new SinkLedger().allocate);
  open.push(exchange);
  return exchange;
}

const over = (port: number, tls?: Partial<TlsSettings>, host = '127.0.0.1'): Promise<Exchanged> =>
  exchangeAt(`https://${host}:${port}/c?token=t0ken`, tls ? { tls: { ...NO_TLS, ...tls } } : {}).fetch(
    null,
    NEVER,
  );

function failureOf(exchanged: Exchanged): string {
  if (exchanged.kind !== 'failed') throw new Error(`it is ${exchanged.kind}`);
  expect(exchanged.outcome).toBe('connect');
  expect(exchanged.message).not.toContain('t0ken');
  return exchanged.message;
}

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  seen = [];
});

describe('TLS', () => {
  const ca = pem('ca');

  test('a certificate of the configured CA is trusted, by address and by name; connections are kept', async () => {
    const port = await secure('server');
    const exchange = exchangeAt(`https://127.0.0.1:${port}/c`, { tls: { ...NO_TLS, ca } });
    for (let i = 0; i < 2; i++) expect(bodyOf(await exchange.fetch(null, NEVER))).toBe(CSV);
    expect(bodyOf(await over(port, { ca, servername: 'telemetry.test' }))).toBe(CSV);
    expect(bodyOf(await over(port, { ca, servername: 'telemetry.test' }, 'localhost'))).toBe(CSV);
  });

  test('what is wrong with the certificate is said, with the knob', async () => {
    const port = await secure('server');
    expect(failureOf(await over(port))).toMatch(/is of an unknown CA \(.*\); name that CA with tls\.ca$/);
    expect(failureOf(await over(port, { ca: pem('other-ca') }))).toContain('unknown CA');
    expect(failureOf(await over(await secure('expired'), { ca }))).toMatch(/certificate has expired$/);
    const elsewhere = failureOf(await over(await secure('elsewhere'), { ca }));
    expect(elsewhere).toMatch(/for another host name \(.*127\.0\.0\.1.*\); tls\.servername/);
    expect(failureOf(await over(port, { ca, servername: 'elsewhere.test' }))).toContain('another host name');
  });

  test('insecure takes any certificate', async () => {
    for (const name of ['server', 'expired', 'elsewhere']) {
      expect(bodyOf(await over(await secure(name), { insecure: true }))).toBe(CSV);
    }
  });

  test('a client certificate is shown where it is wanted', async () => {
    const port = await secure('server', { requestCert: true, rejectUnauthorized: true, ca });
    const mine = { ca, cert: pem('client'), key: pem('client-key') };
    expect(bodyOf(await over(port, mine))).toBe(CSV);
    expect(failureOf(await over(port, { ca }))).toMatch(
      /wants? a client certificate.*tls\.cert and tls\.key/,
    );
    const stranger = { ca, cert: pem('stranger'), key: pem('stranger-key') };
    expect(failureOf(await over(port, stranger))).toMatch(/refused? the client certificate/);
  });

  test('a server without TLS is told apart', async () => {
    const server = createServer(answer);
    await listen(server, 0);
    const { port } = server.address() as AddressInfo;
    expect(failureOf(await over(port, { ca }))).toContain('does not speak TLS there: is it http://');
  });
});

describe('unix sockets', () => {
  const at = (socketPath: string, url = 'http://localhost/csv/x?token=t0ken'): Promise<Exchanged> =>
    exchangeAt(url, { socketPath }).fetch(null, NEVER);

  test('the path is asked for over the socket', async () => {
    const socket = join(folder, 'a.sock');
    await listen(createServer(answer), socket);
    const exchange = exchangeAt('http://localhost/csv/xcset/ib_nvos', { socketPath: socket });
    for (let i = 0; i < 2; i++) expect(bodyOf(await exchange.fetch(null, NEVER))).toBe(CSV);
    expect(seen).toEqual(['localhost /csv/xcset/ib_nvos', 'localhost /csv/xcset/ib_nvos']);
  });

  test('TLS goes over it, too, and the certificate must be for the host of the url', async () => {
    const socket = join(folder, 'b.sock');
    await listen(createTlsServer({ cert: pem('server'), key: pem('server-key') }, answer), socket);
    const tls = { ...NO_TLS, ca: pem('ca') };
    const ask = (host: string): Promise<Exchanged> =>
      exchangeAt(`https://${host}/c`, { socketPath: socket, tls }).fetch(null, NEVER);
    expect(bodyOf(await ask('telemetry.test'))).toBe(CSV);
    expect(failureOf(await ask('another.test'))).toContain('another host name');
  });

  test('a socket that is not there, or that nobody listens on', async () => {
    const missing = join(folder, 'missing.sock');
    expect(failureOf(await at(missing))).toBe(
      `cannot fetch unix:${missing}:/csv/x: the unix socket ${missing} does not exist`,
    );
    const file = join(folder, 'plain');
    writeFileSync(file, '');
    expect(failureOf(await at(file))).toMatch(/nobody listens on|is no socket/);
    rmSync(folder, { recursive: true });
  });
});
