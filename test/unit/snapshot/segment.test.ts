import { describe, expect, test } from 'vitest';
import { FreeList } from '../../../src/snapshot/free-list.js';
import { layoutOf, type SegmentSpec } from '../../../src/snapshot/layout.js';
import { Segment } from '../../../src/snapshot/segment.js';
import { BankWriter } from '../../../src/snapshot/writer.js';

const SPEC: SegmentSpec = {
  columns: [
    { name: 'a', kind: 'i64' },
    { name: 'b', kind: 'mixed' },
    { name: 'c', kind: 'text' },
  ],
  slotCapacity: 64,
  keyBytesCapacity: 256,
  stringCapacity: 64,
  stringBytesCapacity: 128,
  baseVersion: 5,
  hasRowTime: true,
};

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function newSegment(spec: SegmentSpec = SPEC): { segment: Segment; free: FreeList } {
  const free = new FreeList(2 ** 30, () => undefined);
  return { segment: new Segment(spec, free), free };
}

function publish(segment: Segment, keys: readonly string[]): number {
  const version = segment.beginFill();
  const writer = new BankWriter(segment.ref, version);
  for (const key of keys) {
    const slot = writer.slotOf(bytesOf(key), 0, bytesOf(key).length);
    writer.setPresent(slot);
    writer.f64[writer.rowTime0 + slot] = Number.NaN;
  }
  writer.finish(1000, 2000);
  segment.endFill(version, true);
  return version;
}

describe('layout', () => {
  test('sections lie on 64-byte lines, in order, and do not overlap', () => {
    const layout = layoutOf(SPEC);
    const starts = [
      layout.ring.metaWord * 4,
      layout.keyIndexWord * 4,
      layout.keyHashWord * 4,
      layout.keySpanWord * 4,
      layout.stringIndexWord * 4,
      layout.stringHashWord * 4,
      layout.stringSpanWord * 4,
      layout.keyByte0,
      layout.stringByte0,
      layout.banks[0].presenceWord * 4,
      layout.banks[0].rowTime0 * 8,
      ...[...layout.banks[0].validityWord].map((word) => word * 4),
      layout.banks[0].tagWord[1]! * 4,
      ...[...layout.banks[0].cell0].map((cell) => cell * 8),
      layout.banks[1].presenceWord * 4,
      layout.ring.word * 4,
      layout.byteLength,
    ];
    expect(starts.every((at) => at % 64 === 0)).toBe(true);
    expect(starts).toEqual([...starts].sort((x, y) => x - y));
    expect(new Set(starts).size).toBe(starts.length);
    expect([...layout.banks[0].tagWord].map((word) => word >= 0)).toEqual([false, true, false]);
  });

  test('a segment beyond the limit is refused and names rows, columns and the limit', () => {
    const columns = Array.from({ length: 4096 }, (_, i) => ({ name: `c${i}`, kind: 'f64' as const }));
    expect(() => layoutOf({ ...SPEC, columns, slotCapacity: 4_000_000 })).toThrow(
      /4096 columns x 4000000 rows.*limit/,
    );
  });
});

describe('writer', () => {
  test('refuses a version that main did not declare', () => {
    const { segment } = newSegment();
    expect(() => new BankWriter(segment.ref, 6)).toThrow(/not declared/);
    segment.beginFill();
    expect(() => new BankWriter(segment.ref, 7)).toThrow(/not declared/);
  });

  test('says what ran out', () => {
    const { segment } = newSegment();
    const writer = new BankWriter(segment.ref, segment.beginFill());
    for (let i = 0; i < 64; i++) expect(writer.slotOf(bytesOf(`${i}`), 0, bytesOf(`${i}`).length)).toBe(i);
    expect(writer.slotOf(bytesOf('x'), 0, 1)).toBe(-1);
    expect(writer.full).toBe('slots');
    // What is there is still found, in any order.
    expect(writer.slotOf(bytesOf('7'), 0, 1)).toBe(7);
    const long = bytesOf('y'.repeat(129));
    expect(writer.intern(long, 0, long.length, 0, 2)).toBe(-1);
    expect(writer.full).toBe('string_bytes');
  });

  test('a failed fill leaves the published version, and the next fill has the same number', () => {
    const { segment } = newSegment();
    expect(publish(segment, ['a', 'b'])).toBe(6);
    const version = segment.beginFill();
    new BankWriter(segment.ref, version);
    segment.endFill(version, false);
    expect(segment.version).toBe(6);
    const bank = segment.reader.bank(6);
    expect(bank.rows).toBe(2);
    expect(segment.reader.isPresent(bank, 0)).toBe(true);
    expect(publish(segment, ['b'])).toBe(7);
    expect(segment.reader.isPresent(segment.reader.bank(7), 0)).toBe(false);
    expect(segment.reader.findKey('a')).toBe(0);
  });

  test('a row without a time of its own has the time of its snapshot', () => {
    const { segment } = newSegment();
    const bank = segment.reader.bank(publish(segment, ['a']));
    expect(segment.reader.rowTimeMs(bank, 0)).toBe(1000);
    expect(bank.receivedAtMs).toBe(2000);
  });
});

describe('pins', () => {
  test('a pinned bank is not fillable until the last pin is gone', async () => {
    const { segment } = newSegment();
    const first = publish(segment, ['a']);
    const unpin = segment.pin(first);
    const again = segment.pin(first);
    expect(segment.fillable).toBe(true);
    publish(segment, ['a']);
    expect(segment.fillable).toBe(false);
    expect(() => segment.beginFill()).toThrow(/pinned/);
    let woken = false;
    const waiting = segment.whenFillable(new AbortController().signal).then(() => (woken = true));
    unpin();
    unpin();
    await Promise.resolve();
    expect(woken).toBe(false);
    again();
    await waiting;
    expect(segment.fillable).toBe(true);
  });

  test('waiting for a pinned bank ends with the signal', async () => {
    const { segment } = newSegment();
    segment.pin(publish(segment, ['a']));
    publish(segment, ['a']);
    const limit = new AbortController();
    const waiting = segment.whenFillable(limit.signal);
    limit.abort();
    await waiting;
    expect(segment.fillable).toBe(false);
  });

  test('a retired segment is given back when its last pin is gone, once', () => {
    const { segment, free } = newSegment();
    const unpin = segment.pin(publish(segment, ['a']));
    segment.retire();
    expect(free.stats.freeBytes).toBe(0);
    unpin();
    segment.retire();
    expect(free.stats.freeBytes).toBe(segment.ref.buffer.byteLength);
  });

  test('a retired segment waits for the fill that is under way', () => {
    const { segment, free } = newSegment();
    const version = segment.beginFill();
    segment.retire();
    expect(free.stats.freeBytes).toBe(0);
    segment.endFill(version, false);
    expect(free.stats.freeBytes).toBeGreaterThan(0);
  });
});
