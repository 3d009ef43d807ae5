/** H: heads, addresses and bodies above their limits. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Abuser, errorOf } from '../fixtures/abuse.js';
import { BODY_BYTES_MAX, PushRig } from '../fixtures/push-rig.js';
import { RawClient, request, splitResponses } from '../fixtures/raw-http.js';
import { until, within } from '../fixtures/until.js';
import { Started } from '../fixtures/weft-process.js';

const MIB = 1024 * 1024;
const TARGETS = [
  '/health',
  '/telemetry/GetMetric?switch_id=a&metric=v',
  '/telemetry/ListMetrics',
  '/nowhere',
];
/** docs/endpoints.md. */
const HEADER_BYTES_MAX = 8 * 1024;
const ADDRESS_BYTES_MAX = 16 * 1024;

const started = new Started();
let rig: PushRig;
let abuser: Abuser;
beforeAll(async () => {
  rig = await PushRig.start(started, ['lab', 'bad']);
  abuser = new Abuser(rig.client.base);
});
afterAll(async () => {
  abuser.tell('limits');
  await started.endAll();
});

/** Of more than this a part may be unread when the connection is closed: the reset may overtake the words. */
const READ_AT_ONCE_BYTES = 25_000;

/** Weft's own words, or those of the library beneath; in both cases the connection is over. */
async function expectRefused(sent: string, ...statuses: readonly number[]): Promise<void> {
  const { closed, responses } = await abuser.send(sent);
  const what = `${sent.slice(0, 60)}, ${sent.length} bytes`;
  expect([what, closed]).toEqual([what, true]);
  const [one] = responses;
  if (one === undefined && sent.length > READ_AT_ONCE_BYTES) return;
  expect([what, one?.status]).toEqual([
    what,
    expect.toSatisfy((status: number) => statuses.includes(status)),
  ]);
  if (one!.headers.has('x-request-id')) expect([what, errorOf(one!)]).toEqual([what, 'too_large']);
}

describe('H-08: a head above its limits', () => {
  test.each(TARGETS)('H-08: too many bytes of headers for %s are 431, and the end', async (path) => {
    for (const bytes of [HEADER_BYTES_MAX + 1, 20_000, 100_000, 600_000]) {
      await expectRefused(request('GET', path, { X: 'y'.repeat(bytes) }), 431);
      const many = Object.fromEntries(
        Array.from({ length: 60 }, (_, i) => [`h${i}`, 'y'.repeat(bytes / 60)]),
      );
      await expectRefused(request('GET', path, many), 431);
    }
    const short = request('GET', path, { X: 'y'.repeat(HEADER_BYTES_MAX - 100) });
    expect((await abuser.send(short)).closed).toBe(false);
  });

  test.each(TARGETS)('H-08: so are they when they come in pieces (%s)', async (path) => {
    for (const bytes of [20_000, 100_000]) {
      const one = new RawClient(abuser.port);
      abuser.badInputs++;
      one.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nX: `);
      for (let at = 0; at < bytes && !one.closed; at += 1000) {
        one.send('y'.repeat(1000));
        await new Promise((resolve) => setImmediate(resolve));
      }
      const { text } = await within(
        'the refusal',
        one.until(() => false),
      );
      expect(text.slice(0, 12)).toBe('HTTP/1.1 431');
      one.end();
    }
  });

  test.each(TARGETS)('H-08: more than a hundred headers are not served (%s)', async (path) => {
    for (const count of [101, 120, 1_000]) {
      const many = Object.fromEntries(Array.from({ length: count }, (_, i) => [`h${i}`, 'x']));
      // The library waits for the end of a head that it cannot hold: it gives up when more comes.
      await expectRefused(request('GET', path, many) + 'z'.repeat(10_000), 431);
    }
  });

  test.each(TARGETS)('H-08: an address above its limit is 414, and the end (%s)', async (path) => {
    for (const bytes of [ADDRESS_BYTES_MAX + 1, 20_000, 100_000, 600_000]) {
      const junk = 'y'.repeat(bytes);
      const inQuery = `${path}${path.includes('?') ? '&' : '?'}${junk}`;
      for (const target of [inQuery, `${path.split('?')[0]!}/${junk}`]) {
        // Far larger ones are cut off by the library, which takes them for another protocol.
        await expectRefused(request('GET', target), 414, 505);
      }
    }
    await expectRefused(request('GET', `${path}?${'y'.repeat(17_000)}`), 414);
  });
});

describe('H-09: a body above its limit', () => {
  const declared = (path: string, bytes: number | string): string =>
    request('POST', path, { 'Content-Length': String(bytes), 'Content-Type': 'text/csv' });

  test.each(['/health', '/telemetry/ListMetrics', '/nowhere', '/telemetry/ingest/lab'])(
    'H-09: POST %s of a declared length is 413, and nothing of it is awaited',
    async (path) => {
      for (const bytes of [1_000_000, 10 ** 9, 10 ** 15]) {
        await expectRefused(declared(path, bytes), 413);
        await expectRefused(declared(path, bytes) + 'switch', 413);
      }
    },
  );

  test('H-09: without a length it is refused where the cap is reached, and not read to its end', async () => {
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const head = { 'Transfer-Encoding': 'chunked', 'Content-Type': 'text/csv' };
    for (const path of ['/telemetry/ingest/bad', '/health', '/telemetry/ListMetrics']) {
      const one = new RawClient(abuser.port);
      abuser.badInputs++;
      one.send(request('POST', path, head));
      let sent = 0;
      while (!one.closed && sent < 64 * MIB) {
        const more = one.socket.write(chunk, 'latin1');
        sent += chunk.length;
        if (!more)
          await Promise.race([new Promise((go) => one.socket.once('drain', go)), one.until(() => false)]);
      }
      await within(
        'the end',
        one.until(() => false),
      );
      // What the sockets' buffers hold was sent, too; most was not.
      expect([path, sent < 32 * MIB, sent]).toEqual([path, true, sent]);
      const [reply] = splitResponses(one.text);
      // A reset may overtake the words.
      if (reply) expect([path, reply.status]).toEqual([path, path.includes('ingest') ? 413 : 400]);
      one.end();
    }
    expect((await rig.push('bad', 'switch_id,a\nx,1\n')).status).toBe(202);
  });

  test('H-09: with a length that it exceeds, the rest is another request', async () => {
    const body = 'switch_id,a\nx,1\n';
    const outcome = await abuser.send(
      declared('/telemetry/ingest/lab', body.length) + body + 'x'.repeat(100),
    );
    expect(outcome.closed).toBe(true);
    await until('the row', async () => (await rig.valueOf('x')) === 1);
  });

  test('H-09: a body just below the cap is taken', async () => {
    const body = `switch_id,a\nx,${'7'.repeat(15)}\n`;
    const rows = Array.from({ length: 5_000 }, (_, i) => `y${i},${'1'.repeat(15)}\n`).join('');
    expect(body.length + rows.length).toBeLessThan(BODY_BYTES_MAX);
    await until('the push', async () => (await rig.push('lab', body + rows)).status === 202);
  });
});
