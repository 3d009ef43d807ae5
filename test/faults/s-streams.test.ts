/** Tokens and origins of live clients, and tokens that change while weft runs. */
import { describe, expect, test } from 'vitest';
import type { Reply } from '../fixtures/http-client.js';
import { ALLOWED_ORIGIN, CELL, SECRETS, securedForAll, TOKENS } from '../fixtures/secured-weft.js';
import { bearer } from '../fixtures/token-file.js';
import { WsClient } from '../fixtures/ws-client.js';

const { secured, ask } = securedForAll();

describe('W-08 live clients', () => {
  const open = (headers: Readonly<Record<string, string>>): WsClient =>
    new WsClient(secured().port, { headers });

  test.each([
    ['W-08 without a token', {}, 401],
    ['W-08 with nobody’s token', bearer('weft_nobody'), 401],
    ['W-08 without the scope', bearer(SECRETS.ops), 403],
    ['W-08 of a foreign origin', { ...bearer(SECRETS.reader), Origin: 'https://evil.example' }, 403],
    [
      'W-08 of the host itself, where a list is given',
      { ...bearer(SECRETS.reader), Origin: 'http://127.0.0.1' },
      403,
    ],
  ])('%s are refused before the upgrade', async (_what, headers, status) => {
    const socket = open(headers);
    await socket.until(() => socket.refusedStatus !== null || socket.messages.length > 0);
    expect(socket.refusedStatus).toBe(status);
  });

  test('W-08 with a token, from an allowed origin, are taken', async () => {
    const socket = open({ ...bearer(SECRETS.reader), Origin: ALLOWED_ORIGIN });
    await socket.take('hello');
    socket.socket.close();
    await socket.closed();
  });

  test('W-08 are closed with 4401 when their token expires, or is taken back', async () => {
    const soon = { id: 'soon', secret: 'weft_soon', scopes: ['stream:read'] };
    const taken = { id: 'taken', secret: 'weft_taken', scopes: ['stream:read'] };
    await secured().reload([...TOKENS, soon, taken]);
    const [expiring, lost, staying] = [soon, taken, TOKENS[0]!].map(({ secret }) => open(bearer(secret)));
    for (const socket of [expiring!, lost!, staying!]) await socket.take('hello');
    await secured().reload([...TOKENS, { ...soon, expires: new Date(Date.now() + 1000).toISOString() }]);
    await lost!.closed();
    expect([lost!.code, lost!.reason]).toEqual([4401, 'the token was taken back']);
    await expiring!.closed();
    expect([expiring!.code, expiring!.reason]).toEqual([4401, 'the token has expired']);
    expect((await ask(CELL, bearer('weft_taken'))).status).toBe(401);
    expect(staying!.code).toBeNull();
    staying!.socket.terminate();
  });
});

describe('L-03 a reload of tokens', () => {
  test('L-03 with a mistake changes nothing, says so, and the next one goes well', async () => {
    const line = await secured().reload('tokens: [{ id: x }]');
    expect(line).toMatchObject({ ok: false, level: 'ERROR' });
    expect(String(line['mistakes'])).toMatch(/tokens\[0\]\.sha256/);
    expect((await ask(CELL)).status).toBe(200);
    const metrics = (): Promise<Reply> => ask('/metrics', bearer(SECRETS.ops));
    expect((await metrics()).text).toMatch(/^weft_config_reload_success 0$/m);
    const more = { id: 'more', secret: 'weft_more', scopes: ['metrics:read'] };
    expect(await secured().reload([...TOKENS, more])).toMatchObject({ ok: true, changed: ['tokens'] });
    expect((await metrics()).text).toMatch(/^weft_config_reload_success 1$/m);
    expect(secured().weft.running).toBe(true);
  });
});
