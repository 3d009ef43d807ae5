import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/model/clock.js';
import type { Exchanged } from '../../../../src/source/exchange/attempt.js';
import { HttpExchange } from '../../../../src/source/exchange/fetch-body.js';
import type { HttpPollOptions } from '../../../../src/source/poll-report.js';
import { startBlackHole } from '../../../fixtures/black-hole.js';
import { SinkLedger, textOf } from '../../../fixtures/memory-sink.js';
import { SAMPLE_CSV, Upstream } from '../../../fixtures/upstream.js';
import type { Mode } from '../../../fixtures/upstream-faults.js';

const NEVER = new AbortController().signal;

let upstream: Upstream;
let ledger: SinkLedger;
let exchange: HttpExchange | null;

beforeEach(async () => {
  upstream = await Upstream.start();
  ledger = new SinkLedger();
  exchange = null;
});

afterEach(async () => {
  await exchange?.close();
  await upstream.open(0); // every socket of ours is gone
  await upstream.close();
});

function open(url: string, options: Partial<HttpPollOptions> = {}): HttpExchange {
  exchange = new HttpExchange(
    {
      id: 'a',
      url,
      intervalMs: 1_000,
      timeoutMs: 10_000,
      bodyBytesMax: 1_000_000,
      decodedBytesMax: 2_000_000,
      headers: {},
      ...options,
    },
    systemClock,
    ledger.allocate,
  );
  return exchange;
}

function fetchMode(mode: Mode, options: Partial<HttpPollOptions> = {}): Promise<Exchanged> {
  return open(upstream.url(mode), options).fetch(null, NEVER);
}

/** The class of a failure, after checking that it left nothing behind. */
function failureOf(exchanged: Exchanged): string {
  if (exchanged.kind !== 'failed') return exchanged.kind;
  expect(ledger.held).toBe(0);
  expect(exchanged.message).toMatch(/^cannot fetch http:\/\/[^?]+: /);
  return exchanged.outcome;
}

function bodyOf(exchanged: Exchanged): string {
  if (exchanged.kind !== 'body') throw new Error(`no body: ${JSON.stringify(exchanged)}`);
  const text = textOf(exchanged.body.bytes);
  exchanged.body.bytes.release();
  return text;
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
    expect(bodyOf(await fetchMode(mode))).toBe(SAMPLE_CSV);
    expect(ledger.held).toBe(0);
  });

  it('tells what it saw', async () => {
    upstream.snapshotTs = '1767268800000';
    upstream.etag = '17';
    const exchanged = await fetchMode('ok');
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
    expect(facts.skewMs).toBeLessThan(0);
    expect(body.fetchMs).toBeGreaterThan(0);
    expect(Math.abs(body.receivedAtMs - Date.now())).toBeLessThan(60_000);
  });

  it('counts wire bytes and decoded bytes apart', async () => {
    upstream.body = Buffer.alloc(200_000, 'a,b,c\n');
    const exchanged = await fetchMode('gzip');
    if (exchanged.kind !== 'body') throw new Error('no body');
    expect(exchanged.body.bytes.byteLength).toBe(200_000);
    expect(exchanged.body.wireBytes).toBeLessThan(5_000);
  });

  it('carries a large body through backpressure', async () => {
    upstream.body = Buffer.from(Array.from({ length: 300_000 }, (_, i) => `sw-${i},${i * 31}\n`).join(''));
    const roomy = { bodyBytesMax: 2 ** 26, decodedBytesMax: 2 ** 26 };
    for (const mode of ['ok', 'chunked', 'gzip'] as const) {
      const text = bodyOf(await fetchMode(mode, roomy));
      expect(text === upstream.body.toString('latin1')).toBe(true);
      await exchange!.close();
    }
  });

  it('asks for gzip, keeps the query, and lets the operator add headers', async () => {
    const url = `${upstream.url('ok')}&port_type__in__1__2__4&secret=s3`;
    const headers = { Authorization: 'Bearer t0k3n', 'ACCEPT-ENCODING': 'identity', 'if-none-match': 'x' };
    bodyOf(await open(url, { headers }).fetch(null, NEVER));
    expect(upstream.requests[0]!.path).toBe('/counters?mode=ok&port_type__in__1__2__4&secret=s3');
    expect(upstream.header(0, 'authorization')).toBe('Bearer t0k3n');
    expect(upstream.header(0, 'accept-encoding')).toBe('identity');
    expect(upstream.conditionOf(0)).toBeNull();
    await exchange!.close();
    bodyOf(await fetchMode('ok'));
    expect(upstream.header(1, 'accept-encoding')).toBe('gzip');
  });

  it('sizes memory by the announced length, else by the body before', async () => {
    const one = open(upstream.url());
    bodyOf(await one.fetch(null, NEVER));
    upstream.mode = 'chunked';
    bodyOf(await one.fetch(null, NEVER));
    expect(ledger.hints).toEqual([SAMPLE_CSV.length, SAMPLE_CSV.length]);
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
    expect(failureOf(await fetchMode(mode))).toBe(outcome);
  });

  it.each<Mode>(['slow', 'stall', 'drip'])('%s: timeout, and the socket is closed', async (mode) => {
    const exchanged = await fetchMode(mode, { timeoutMs: 150 });
    expect(failureOf(exchanged)).toBe('timeout');
    expect(exchanged).toMatchObject({ message: expect.stringContaining('POLL_TIMEOUT_MS') as string });
    await upstream.open(0);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(upstream.connections).toBe(1); // undici alone would connect again at once
  });

  it('an empty body is a body: the parser refuses it as empty', async () => {
    expect(bodyOf(await fetchMode('empty'))).toBe('');
    await exchange!.close();
    expect(bodyOf(await fetchMode('gzip_empty'))).toBe('');
  });

  it('refused', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    expect(failureOf(await open(`http://127.0.0.1:${port}/x`).fetch(null, NEVER))).toBe('connect');
    await exchange!.close();
    expect(failureOf(await open(`http://localhost:${port}/x`).fetch(null, NEVER))).toBe('connect');
  });

  it('a name that does not resolve', async () => {
    expect(failureOf(await open('http://weft-test.invalid/x').fetch(null, NEVER))).toBe('dns');
  });

  it('TLS that is none', async () => {
    const url = upstream.url().replace('http:', 'https:');
    const exchanged = await open(url).fetch(null, NEVER);
    expect(exchanged).toMatchObject({ kind: 'failed', outcome: 'connect' });
  });

  it('a header that cannot be sent', async () => {
    const exchanged = await fetchMode('ok', { headers: { 'X-Bad': 'a\r\nb' } });
    expect(failureOf(exchanged)).toBe('connect');
  });

  it('a black-holed SYN ends at the deadline and leaves no socket that is still connecting', async (context) => {
    const hole = await startBlackHole();
    if (!hole) return context.skip('this kernel answers when the accept queue is full');
    try {
      const exchanged = await open(`http://127.0.0.1:${hole.port}/x`, { timeoutMs: 200 }).fetch(null, NEVER);
      expect(failureOf(exchanged)).toBe('timeout');
      expect(exchanged).toMatchObject({ message: expect.stringContaining('(connecting)') as string });
      // The same client works on: the next exchange times out in the same way instead of hanging.
      expect(failureOf(await exchange!.fetch(null, NEVER))).toBe('timeout');
    } finally {
      await exchange!.close();
      await hole.close();
    }
  });

  it('says nothing of the query, where secrets live', async () => {
    const exchanged = await open(`${upstream.url('error_500')}&token=s3cret`).fetch(null, NEVER);
    expect(JSON.stringify(exchanged)).not.toContain('s3cret');
  });
});

describe('caps', () => {
  it.each<[Mode, string]>([
    ['oversize_declared', 'MAX_BODY_BYTES'],
    ['oversize_streamed', 'MAX_BODY_BYTES'],
    ['gzip_bomb', 'MAX_DECODED_BYTES'],
  ])('%s stops at the cap and names %s', async (mode, knob) => {
    const exchanged = await fetchMode(mode);
    expect(exchanged).toMatchObject({ message: expect.stringContaining(knob) as string });
    expect(ledger.capacityMax).toBeLessThanOrEqual(2_000_000);
    expect(ledger.held).toBe(0);
    await upstream.open(0);
  });

  it('a body of exactly the cap passes, one byte more does not', async () => {
    upstream.body = Buffer.alloc(5_000, 'x');
    expect(bodyOf(await fetchMode('ok', { bodyBytesMax: 5_000 })).length).toBe(5_000);
    await exchange!.close();
    expect(failureOf(await fetchMode('chunked', { bodyBytesMax: 4_999 }))).toBe('too_large');
    await exchange!.close();
    expect(bodyOf(await fetchMode('gzip', { decodedBytesMax: 5_000 })).length).toBe(5_000);
    await exchange!.close();
    expect(failureOf(await fetchMode('gzip', { decodedBytesMax: 4_999 }))).toBe('too_large');
  });

  it('a plain body obeys the decoded cap as well', async () => {
    const exchanged = await fetchMode('ok', { decodedBytesMax: 10 });
    expect(failureOf(exchanged)).toBe('too_large');
    expect(exchanged).toMatchObject({ message: expect.stringContaining('MAX_DECODED_BYTES') as string });
  });

  it('memory that cannot be had is too_large, not a crash', async () => {
    const one = new HttpExchange(
      {
        id: 'a',
        url: upstream.url(),
        intervalMs: 1_000,
        timeoutMs: 5_000,
        bodyBytesMax: 1e6,
        decodedBytesMax: 1e6,
        headers: {},
      },
      systemClock,
      () => {
        throw new RangeError('Array buffer allocation failed');
      },
    );
    exchange = one;
    expect(failureOf(await one.fetch(null, NEVER))).toBe('too_large');
  });
});

describe('the connection', () => {
  it('is kept: many exchanges, one socket', async () => {
    upstream.etag = '"1"';
    const one = open(upstream.url());
    for (let i = 0; i < 5; i++) bodyOf(await one.fetch(null, NEVER));
    expect((await one.fetch('"1"', NEVER)).kind).toBe('not_modified');
    expect(upstream.connections).toBe(1);
  });

  it('broken while idle is replaced without a failed exchange', async () => {
    const one = open(upstream.url());
    bodyOf(await one.fetch(null, NEVER));
    upstream.dropConnections();
    bodyOf(await one.fetch(null, NEVER));
    expect(upstream.connections).toBe(2);
  });

  it('reset under a reused request is tried once more, and only once', async () => {
    const one = open(upstream.url());
    bodyOf(await one.fetch(null, NEVER));
    upstream.mode = 'reset';
    expect(failureOf(await one.fetch(null, NEVER))).toBe('connect');
    expect(upstream.requests.map(({ mode }) => mode)).toEqual(['ok', 'reset', 'reset']);
  });

  it('a reset on a fresh connection is not tried again', async () => {
    expect(failureOf(await fetchMode('reset'))).toBe('connect');
    expect(upstream.requests.length).toBe(1);
  });

  it('after each failure the next exchange works', async () => {
    const one = open(upstream.url(), { timeoutMs: 1_000 });
    const modes = [
      'error_500',
      'cut',
      'chunked_cut',
      'redirect',
      'html',
      'oversize_streamed',
      'gzip_bomb',
      'gzip_garbage',
      'reset',
      'garbage',
      'not_modified',
    ] as const;
    for (const mode of modes) {
      upstream.mode = mode;
      expect((await one.fetch(null, NEVER)).kind).toBe('failed');
      upstream.mode = 'ok';
      expect(bodyOf(await one.fetch(null, NEVER))).toBe(SAMPLE_CSV);
    }
    await upstream.open(1);
  });

  it.each<Mode>(['slow', 'stall', 'drip', 'oversize_streamed'])(
    'is closed when the source stops: %s',
    async (mode) => {
      const stop = new AbortController();
      const one = open(upstream.url(mode), { bodyBytesMax: 2 ** 31, decodedBytesMax: 2 ** 31 });
      const pending = one.fetch(null, stop.signal);
      await upstream.seen(1);
      stop.abort();
      expect((await pending).kind).toBe('failed');
      expect(ledger.held).toBe(0);
      await upstream.open(0);
    },
  );

  it('a signal that aborted before is obeyed', async () => {
    const exchanged = await open(upstream.url()).fetch(null, AbortSignal.abort());
    expect(exchanged.kind).toBe('failed');
    await upstream.open(0);
  });
});
