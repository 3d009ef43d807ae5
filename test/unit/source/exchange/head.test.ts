import { describe, expect, it } from 'vitest';
import { DeliveryError } from '../../../../src/model/outcome.js';
import { admit } from '../../../../src/source/exchange/admit.js';
import { readHead, skewOf } from '../../../../src/source/exchange/head.js';

function head(fields: Record<string, string | string[]>, status = 200): ReturnType<typeof readHead> {
  const raw: Buffer[] = [];
  for (const [name, value] of Object.entries(fields)) {
    for (const one of [value].flat()) raw.push(Buffer.from(name), Buffer.from(one, 'latin1'));
  }
  return readHead(status, raw);
}

describe('response head', () => {
  it('keeps an ETag byte for byte', () => {
    for (const etag of ['17', '"17"', 'W/"a b"', '"\xe9\xff"', "'x'"]) {
      expect(head({ ETag: etag }).etag).toBe(etag);
    }
  });

  it('keeps no ETag that is empty or given twice', () => {
    expect(head({ ETag: '' }).etag).toBeNull();
    expect(head({ ETag: ['"1"', '"2"'] }).etag).toBeNull();
  });

  it.each([
    ['1767268800000', 1_767_268_800_000],
    ['1767268800', null], // seconds
    ['1767268800000000', null], // µs
    ['999999999999', 999_999_999_999],
    ['-1767268800000', null],
    ['1767268800000.5', null],
    ['0x19b79c47c00', null],
    ['', null],
  ])('reads X-Snapshot-Ts %j as %j', (text, ms) => {
    expect(head({ 'X-Snapshot-Ts': text }).snapshotTsMs).toBe(ms);
  });

  it('tells the skew of the Date, of the snapshot only without one', () => {
    const nowMs = Date.UTC(2026, 0, 1, 12);
    const date = 'Thu, 01 Jan 2026 11:59:58 GMT';
    expect(skewOf(head({ Date: date }), nowMs)).toBe(-2_000);
    expect(skewOf(head({ Date: date, 'X-Snapshot-Ts': String(nowMs + 5) }), nowMs)).toBe(-2_000);
    expect(skewOf(head({ 'X-Snapshot-Ts': String(nowMs + 5) }), nowMs)).toBe(5);
    expect(skewOf(head({ Date: 'yesterday' }), nowMs)).toBeNull();
  });
});

function refusal(fields: Record<string, string | string[]>, status = 200): string {
  try {
    return `admitted as ${admit(head(fields, status), 1_000)}`;
  } catch (error) {
    if (error instanceof DeliveryError) return error.outcome;
    throw error;
  }
}

describe('admission by the head', () => {
  it.each([
    'text/csv',
    'TEXT/CSV; charset=utf-8',
    'text/plain',
    'text/tab-separated-values',
    'application/octet-stream',
    'application/csv',
    '',
  ])('admits the media type %j', (type) => {
    expect(refusal({ 'Content-Type': type })).toBe('admitted as identity');
  });

  it.each([
    'text/html',
    'Text/HTML;charset=utf-8',
    'application/json',
    'application/pdf',
    'image/png',
    'csv',
  ])('refuses the media type %j', (type) => {
    expect(refusal({ 'Content-Type': type })).toBe('content_type');
  });

  it.each([
    ['gzip', 'admitted as gzip'],
    ['X-Gzip', 'admitted as gzip'],
    ['identity', 'admitted as identity'],
    ['', 'admitted as identity'],
    ['br', 'encoding'],
    ['deflate', 'encoding'],
    ['gzip, gzip', 'encoding'],
    [['gzip', 'gzip'], 'encoding'],
    ['br, gzip', 'encoding'],
  ])('judges Content-Encoding %j: %s', (coding, verdict) => {
    expect(refusal({ 'Content-Encoding': coding })).toBe(verdict);
  });

  it.each([
    [204, 'status'],
    [206, 'status'],
    [301, 'redirect'],
    [308, 'redirect'],
    [404, 'status'],
    [500, 'status'],
  ])('judges status %d: %s', (status, verdict) => {
    expect(refusal({}, status)).toBe(verdict);
  });

  it('refuses a declared length above the cap and names the knob', () => {
    expect(refusal({ 'Content-Length': '1000' })).toBe('admitted as identity');
    expect(() => admit(head({ 'Content-Length': '1001' }), 1_000)).toThrow(
      'the body of 1001 bytes exceeds 1000 bytes; raise MAX_BODY_BYTES (max_body_bytes)',
    );
  });
});
