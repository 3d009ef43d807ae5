import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { bodyOf, ExchangeRig, NEVER } from '../../../fixtures/exchange-rig.js';
import { SAMPLE_CSV } from '../../../fixtures/upstream.js';
import type { Mode } from '../../../fixtures/upstream-faults.js';

const rig = new ExchangeRig();

describe('caps', () => {
  it.each<[Mode, string]>([
    ['oversize_declared', 'MAX_BODY_BYTES'],
    ['oversize_streamed', 'MAX_BODY_BYTES'],
    ['gzip_bomb', 'MAX_DECODED_BYTES'],
  ])('%s stops at the cap and names %s', async (mode, knob) => {
    const exchanged = await rig.fetch(mode);
    expect(exchanged).toMatchObject({ message: expect.stringContaining(knob) as string });
    expect(rig.ledger.capacityMax).toBeLessThanOrEqual(2_000_000);
    expect(rig.ledger.held).toBe(0);
    await rig.upstream.open(0);
  });

  it('a body of exactly the cap passes, one byte more does not', async () => {
    rig.upstream.body = Buffer.alloc(5_000, 'x');
    expect(bodyOf(await rig.fetch('ok', { bodyBytesMax: 5_000 })).length).toBe(5_000);
    expect(rig.failureOf(await rig.fetch('chunked', { bodyBytesMax: 4_999 }))).toBe('too_large');
    expect(bodyOf(await rig.fetch('gzip', { decodedBytesMax: 5_000 })).length).toBe(5_000);
    expect(rig.failureOf(await rig.fetch('gzip', { decodedBytesMax: 4_999 }))).toBe('too_large');
  });

  it('a plain body obeys the decoded cap as well', async () => {
    const exchanged = await rig.fetch('ok', { decodedBytesMax: 10 });
    expect(rig.failureOf(exchanged)).toBe('too_large');
    expect(exchanged).toMatchObject({ message: expect.stringContaining('MAX_DECODED_BYTES') as string });
  });

  it('memory that cannot be had is too_large, not a crash', async () => {
    const one = rig.open(rig.upstream.url(), {}, () => {
      throw new RangeError('Array buffer allocation failed');
    });
    expect(rig.failureOf(await one.fetch(null, NEVER))).toBe('too_large');
  });
});

describe('the connection', () => {
  it('is kept: many exchanges, one socket', async () => {
    rig.upstream.etag = '"1"';
    const one = rig.open(rig.upstream.url());
    for (let i = 0; i < 5; i++) bodyOf(await one.fetch(null, NEVER));
    expect((await one.fetch('"1"', NEVER)).kind).toBe('not_modified');
    expect(rig.upstream.connections).toBe(1);
  });

  it('broken while idle is replaced without a failed exchange', async () => {
    const one = rig.open(rig.upstream.url());
    bodyOf(await one.fetch(null, NEVER));
    rig.upstream.dropConnections();
    bodyOf(await one.fetch(null, NEVER));
    expect(rig.upstream.connections).toBe(2);
  });

  it('reset under a reused request is tried once more, and only once', async () => {
    const one = rig.open(rig.upstream.url());
    bodyOf(await one.fetch(null, NEVER));
    rig.upstream.mode = 'reset';
    expect(rig.failureOf(await one.fetch(null, NEVER))).toBe('connect');
    expect(rig.upstream.requests.map(({ mode }) => mode)).toEqual(['ok', 'reset', 'reset']);
  });

  it('a reset on a fresh connection is not tried again', async () => {
    expect(rig.failureOf(await rig.fetch('reset'))).toBe('connect');
    expect(rig.upstream.requests.length).toBe(1);
  });

  it('after each failure the next exchange works', async () => {
    const one = rig.open(rig.upstream.url(), { timeoutMs: 1_000 });
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
      rig.upstream.mode = mode;
      expect((await one.fetch(null, NEVER)).kind).toBe('failed');
      rig.upstream.mode = 'ok';
      expect(bodyOf(await one.fetch(null, NEVER))).toBe(SAMPLE_CSV);
    }
    await rig.upstream.open(1);
  });

  it.each<Mode>(['slow', 'stall', 'drip', 'oversize_streamed'])(
    'is closed when the source stops: %s',
    async (mode) => {
      const stop = new AbortController();
      const one = rig.open(rig.upstream.url(mode), { bodyBytesMax: 2 ** 31, decodedBytesMax: 2 ** 31 });
      const pending = one.fetch(null, stop.signal);
      await rig.upstream.seen(1);
      stop.abort();
      expect((await pending).kind).toBe('failed');
      expect(rig.ledger.held).toBe(0);
      await rig.upstream.open(0);
    },
  );

  it.each<Mode>(['ok', 'error_500', 'stall'])('leaves no timer and no listener behind: %s', async (mode) => {
    const stop = new AbortController();
    const one = rig.open(rig.upstream.url(mode), { timeoutMs: 100 });
    const exchanged = await one.fetch(null, stop.signal);
    if (exchanged.kind === 'body') exchanged.body.bytes.release();
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
    expect(rig.timersLeft).toBe(0);
  });

  it('a signal that aborted before is obeyed', async () => {
    const exchanged = await rig.open(rig.upstream.url()).fetch(null, AbortSignal.abort());
    expect(exchanged.kind).toBe('failed');
    await rig.upstream.open(0);
  });
});
