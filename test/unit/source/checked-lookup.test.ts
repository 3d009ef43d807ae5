import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { Connection } from '../../../src/source/exchange/connection.js';
import type { SourceAddressRules } from '../../../src/model/source-addresses.js';

const PUBLIC: SourceAddressRules = { networks: 'public', allow: [] };

/** The error of a request over a connection with `rules`, and how many connections the peer saw. */
async function ask(host: string, rules: SourceAddressRules): Promise<{ error: string; seen: number }> {
  let seen = 0;
  const server = createServer((socket) => {
    seen++;
    socket.on('error', () => {}).resume();
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const connection = new Connection(`http://${host}:${port}`, 20_000, { addresses: rules });
  const error = await new Promise<string>((resolve) => {
    connection.dispatch(
      { method: 'GET', path: '/' },
      {
        onRequestStart: () => {},
        onResponseStart: () => {},
        onResponseData: () => {},
        onResponseEnd: () => resolve(''),
        onResponseError: (_, e) => resolve(e.message),
      },
    );
  });
  await connection.close();
  await new Promise((resolve) => void server.close(resolve));
  return { error, seen };
}

test('an address is checked before it is connected to', async () => {
  const refused = await ask('127.0.0.1', PUBLIC);
  expect(refused.error).toMatch(/no connection is made: 127\.0\.0\.1 is a private or loopback address/);
  expect(refused.seen).toBe(0);
  expect(await ask('127.0.0.1', { networks: 'private', allow: [] })).toEqual({ error: '', seen: 1 });
  expect(await ask('127.0.0.1', { networks: 'public', allow: ['127.0.0.0/8'] })).toEqual({
    error: '',
    seen: 1,
  });
});

test('a name is checked by all its addresses', async () => {
  const refused = await ask('localhost', PUBLIC);
  expect(refused.error).toMatch(/localhost resolves to .* is a private or loopback address/);
  expect(refused.seen).toBe(0);
  expect(await ask('localhost', { networks: 'private', allow: [] })).toEqual({ error: '', seen: 1 });
});
