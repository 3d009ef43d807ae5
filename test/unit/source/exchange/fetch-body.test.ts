import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { bodyOf, ExchangeRig, NEVER } from '../../../fixtures/exchange-rig.js';
import { flush } from '../../../fixtures/fake-clock.js';
import { startBlackHole } from '../../../fixtures/black-hole.js';
import { SAMPLE_CSV } from '../../../fixtures/upstream.js';
import type { Mode } from '../../../fixtures/upstream-faults.js';

const rig = new ExchangeRig();

/** Sockets of this process that wait for the answer to their SYN. */
function connecting(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind.endsWith('ConnectWrap')).length;
}

describe('a good exchange', () => {
  it.each<Mode>([
    'ok',
    'gzip',
    'x_gzip',
    'gzip_two_members',
    'chunked',
    'close_delimited',
    'no_type',
    'early_hints',
  ])('delivers the exact bytes: %s', async (mode) => {
    expect(bodyOf(await rig.fetch(mode))).toBe(SAMPLE_CSV);
    expect(rig.ledger.held).toBe(0);
  });

  it('tells what it saw', async () => {
    rig.upstream.snapshotTs = '1767268800000';
    rig.upstream.etag = '17';
    const exchanged = await rig.fetch('ok');
    if (exchanged.kind !== 'body') throw new Error('no body');
    const { body, facts, etag } = exchanged;
    expect(etag).toBe('17');
    expect(body).toMatchObject({
      snapshotTsMs: 1_767_268_800_000,
      contentType: 'text/csv; charset=utf-8',
      expectedBytes: SAMPLE_CSV.length,
      wireBytes: SAMPLE_CSV.length,
    });
    expect(facts).toMatchObject({ status: 200, snapshotTsMs: 1_767_268_800_000 });
    // The upstream runs on this machine and says the Date in whole seconds.
    expect(Math.abs(facts.skewMs ?? NaN)).toBeLessThan(60_000);
    expect(body.fetchMs).toBeGreaterThan(0);
    expect(Math.abs(body.receivedAtMs - Date.now())).toBeLessThan(60_000);
  });

  it('counts wire bytes and decoded bytes apart', async () => {
    rig.upstream.body = Buffer.alloc(200_000, 'a,b,c\n');
    const exchanged = await rig.fetch('gzip');
    if (exchanged.kind !== 'body') throw new Error('no body');
    expect(exchanged.body.bytes.byteLength).toBe(200_000);
    expect(exchanged.body.wireBytes).toBeLessThan(5_000);
  });

  it('carries a large body through backpressure', async () => {
    rig.upstream.body = Buffer.from(
      Array.from({ length: 300_000 }, (_, i) => `sw-${i},${i * 31}\n`).join(''),
    );
    const roomy = { bodyBytesMax: 2 ** 26, decodedBytesMax: 2 ** 26 };
    for (const mode of ['ok', 'chunked', 'gzip'] as const) {
      const text = bodyOf(await rig.fetch(mode, roomy));
      expect(text === rig.upstream.body.toString('latin1')).toBe(true);
    }
  });

  it('asks for gzip, keeps the query, and lets the operator add headers', async () => {
    const url = `${rig.upstream.url('ok')}&port_type__in__1__2__4&secret=s3`;
    const headers = { Authorization: 'Bearer t0k3n', 'ACCEPT-ENCODING': 'identity', 'if-none-match': 'x' };
    bodyOf(await rig.open(url, { headers }).fetch(null, NEVER));
    expect(rig.upstream.requests[0]!.path).toBe('/counters?mode=ok&port_type__in__1__2__4&secret=s3');
    expect(rig.upstream.header(0, 'authorization')).toBe('Bearer t0k3n');
    expect(rig.upstream.header(0, 'accept-encoding')).toBe('identity');
    expect(rig.upstream.conditionOf(0)).toBeNull();
    bodyOf(await rig.fetch('ok'));
    expect(rig.upstream.header(1, 'accept-encoding')).toBe('gzip');
  });

  it('sizes memory by the announced length, else by the body before', async () => {
    const one = rig.open(rig.upstream.url());
    bodyOf(await one.fetch(null, NEVER));
    rig.upstream.mode = 'chunked';
    bodyOf(await one.fetch(null, NEVER));
    expect(rig.ledger.hints).toEqual([SAMPLE_CSV.length, SAMPLE_CSV.length]);
  });
});

describe('every way to fail has its class', () => {
  it.each<[Mode, string]>([
    ['error_500', 'status'],
    ['error_503_endless', 'status'],
    ['not_modified', 'status'],
    ['redirect', 'redirect'],
    ['html', 'content_type'],
    ['json', 'content_type'],
    ['cut', 'truncated'],
    ['cut_reset', 'truncated'],
    ['chunked_cut', 'truncated'],
    ['close_delimited_reset', 'truncated'],
    ['gzip_cut', 'truncated'],
    ['gzip_garbage', 'encoding'],
    ['gzip_corrupt', 'encoding'],
    ['gzip_not', 'encoding'],
    ['encoding_chain', 'encoding'],
    ['encoding_unknown', 'encoding'],
    ['oversize_declared', 'too_large'],
    ['oversize_streamed', 'too_large'],
    ['gzip_bomb', 'too_large'],
    ['headers_huge', 'too_large'],
    ['reset', 'connect'],
    ['garbage', 'connect'],
  ])('%s: %s', async (mode, outcome) => {
    expect(rig.failureOf(await rig.fetch(mode))).toBe(outcome);
  });

  it.each<Mode>(['slow', 'stall', 'drip'])('%s: timeout, and the socket is closed', async (mode) => {
    const exchanged = await rig.fetch(mode, { timeoutMs: 150 });
    expect(rig.failureOf(exchanged)).toBe('timeout');
    expect(exchanged).toMatchObject({ message: expect.stringContaining('POLL_TIMEOUT_MS') as string });
    await rig.upstream.open(0);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(rig.upstream.connections).toBe(1); // undici alone would connect again at once
  });

  it('an empty body is a body: the parser refuses it as empty', async () => {
    expect(bodyOf(await rig.fetch('empty'))).toBe('');
    expect(bodyOf(await rig.fetch('gzip_empty'))).toBe('');
  });

  it('refused', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    expect(rig.failureOf(await rig.open(`http://127.0.0.1:${port}/x`).fetch(null, NEVER))).toBe('connect');
    expect(rig.failureOf(await rig.open(`http://localhost:${port}/x`).fetch(null, NEVER))).toBe('connect');
  });

  it('a name that does not resolve', async () => {
    const name = `${'x'.repeat(64)}.invalid`; // a label too long: refused without asking a server
    expect(rig.failureOf(await rig.open(`http://${name}/x`).fetch(null, NEVER))).toBe('dns');
  });

  it('TLS that is none', async () => {
    const url = rig.upstream.url().replace('http:', 'https:');
    const exchanged = await rig.open(url).fetch(null, NEVER);
    expect(exchanged).toMatchObject({ kind: 'failed', outcome: 'connect' });
  });

  it('a header that cannot be sent', async () => {
    const exchanged = await rig.fetch('ok', { headers: { 'X-Bad': 'a\r\nb' } });
    expect(rig.failureOf(exchanged)).toBe('connect');
  });

  it('a black-holed SYN ends at the deadline and leaves no socket that is still connecting', async (context) => {
    const hole = await startBlackHole();
    if (!hole) return context.skip('this kernel answers when the accept queue is full');
    try {
      const before = connecting();
      const one = rig.open(`http://127.0.0.1:${hole.port}/x`, { timeoutMs: 200 });
      // Twice: the first must leave the client able to try again instead of hanging.
      for (let i = 0; i < 2; i++) {
        const pending = one.fetch(null, NEVER);
        await flush();
        expect(connecting()).toBe(before + 1);
        const exchanged = await pending;
        expect(rig.failureOf(exchanged)).toBe('timeout');
        expect(exchanged).toMatchObject({ message: expect.stringContaining('(connecting)') as string });
        await flush();
        expect(connecting()).toBe(before);
      }
    } finally {
      await hole.close();
    }
  });

  it('expects no bytes but those of a 200', async () => {
    rig.upstream.headers = { 'Content-Length': '5000' };
    const exchanged = await rig.fetch('redirect');
    expect(exchanged).toMatchObject({ outcome: 'redirect', facts: { status: 302, expectedBytes: null } });
  });

  it('says nothing of the query, where secrets live', async () => {
    const exchanged = await rig.open(`${rig.upstream.url('error_500')}&token=s3cret`).fetch(null, NEVER);
    expect(JSON.stringify(exchanged)).not.toContain('s3cret');
  });
});
