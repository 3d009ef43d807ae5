import { describe, expect, it } from 'vitest';
import { ByteWriter, utf8Bytes } from '../../../src/view/bytes.js';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe('ByteWriter', () => {
  it('keeps what was written while it grows', () => {
    const out = new ByteWriter(1e6, 'MAX_LIST_BYTES', '', 4);
    const parts = ['a', 'bc', 'ü', '😀'.repeat(40), 'x'.repeat(1000), '"', 'y'.repeat(30)];
    for (const part of parts) out.utf8(part);
    out.ascii('end');
    out.byte(33);
    out.append(utf8Bytes('z'.repeat(100)));
    out.bytes(utf8Bytes('0123456789'), 2, 5);
    out.json(['ü', null]);
    const expected = `${parts.join('')}end!${'z'.repeat(100)}234["ü",null]`;
    expect(text(out.result())).toBe(expected);
    expect(text(out.copy())).toBe(expected);
    expect(out.copy().buffer.byteLength).toBe(Buffer.byteLength(expected));
  });

  it('starts anew after reset, in the same room', () => {
    const out = new ByteWriter(100, 'X');
    out.ascii('first');
    const { u8 } = out;
    out.reset();
    out.ascii('2');
    expect(text(out.result())).toBe('2');
    expect(out.u8).toBe(u8);
  });

  it('takes exactly as many bytes as the limit says', () => {
    const out = new ByteWriter(100_000, 'MAX_LIST_BYTES', '; ask for less', 16);
    for (let i = 0; i < 100_000; i++) out.byte(65);
    expect(out.result().length).toBe(100_000);
    out.byte(65);
    const refusal: unknown = expect.objectContaining({
      code: 'too_large',
      message: 'cannot write a body of more than 100000 bytes (MAX_LIST_BYTES); ask for less',
    });
    expect(() => out.result()).toThrowError(refusal);
    expect(() => out.copy()).toThrowError(refusal);
    expect(() => out.take()).toThrowError(refusal);
  });

  it('gives up soon after the limit, however much is reserved at a time', () => {
    const out = new ByteWriter(1000, 'X', '', 16);
    let written = 0;
    expect(() => {
      for (; written < 1e6; written += 10) {
        out.reserve(400);
        out.ascii('0123456789');
      }
    }).toThrowError(expect.objectContaining({ code: 'too_large' }));
    expect(written).toBeLessThan(40_000);
  });

  it('may reserve more than the limit for what turns out to be small', () => {
    const out = new ByteWriter(10, 'X', '', 4);
    out.reserve(10_000);
    out.ascii('small');
    expect(text(out.result())).toBe('small');
  });

  it('hands over its buffer when that is nearly full, else a copy', () => {
    const out = new ByteWriter(1e6, 'X', '', 1000);
    out.ascii('a'.repeat(950));
    const { buffer } = out.u8;
    const whole = out.take();
    expect(whole.buffer).toBe(buffer);
    expect(text(whole)).toBe('a'.repeat(950));
    out.ascii('next');
    expect(text(out.take())).toBe('next');
    expect(text(whole)).toBe('a'.repeat(950));
  });

  it('makes expected room at once, never beyond the limit', () => {
    const out = new ByteWriter(100_000, 'X', '', 16);
    out.ascii('kept');
    out.expect(50_000);
    expect(out.u8.length).toBe(50_004);
    out.expect(1e9);
    expect(out.u8.length).toBeLessThan(150_000);
    out.expect(NaN);
    out.expect(-5);
    expect(text(out.result())).toBe('kept');
  });
});
