import { describe, expect, test } from 'vitest';
import { LineWriter, type LineSink } from '../../../src/log/line-writer.js';
import { FakeClock } from '../../fixtures/fake-clock.js';

type Answer = number | string | 'all';

/** Takes what `answers` say, one per write: a number of bytes, everything, or a system error. */
class ScriptedSink implements LineSink {
  text = '';
  answers: Answer[] = [];

  write(bytes: Uint8Array): number {
    const answer = this.answers.shift() ?? 'all';
    if (typeof answer === 'string' && answer !== 'all')
      throw Object.assign(new Error(answer), { code: answer });
    const count = answer === 'all' ? bytes.length : Math.min(answer, bytes.length);
    this.text += Buffer.from(bytes.subarray(0, count)).toString();
    return count;
  }
}

function setUp(pendingBytesMax = 1000): {
  sink: ScriptedSink;
  clock: FakeClock;
  writer: LineWriter;
  gaps: number[];
} {
  const sink = new ScriptedSink();
  const clock = new FakeClock();
  const gaps: number[] = [];
  const writer = new LineWriter({ sink, clock, pendingBytesMax, onGap: (lines) => gaps.push(lines) });
  return { sink, clock, writer, gaps };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('LineWriter', () => {
  test('writes the lines of one turn together, at its end', async () => {
    const { sink, writer } = setUp();
    writer.write('a\n');
    writer.write('b\n');
    expect(sink.text).toBe('');
    sink.answers = ['all', 'EIO'];
    await turn();
    expect(sink.text).toBe('a\nb\n');
    expect(writer.dropped).toBe(0);
  });

  test('goes on where a partial write ended', () => {
    const { sink, writer } = setUp();
    sink.answers = [1, 2, 'all'];
    writer.write('abc\n');
    writer.write('déf\n');
    writer.flushSync();
    expect(sink.text).toBe('abc\ndéf\n');
  });

  test('keeps its lines while the output is busy, and tries again ever more slowly', async () => {
    const { sink, clock, writer } = setUp();
    sink.answers = ['EAGAIN', 'EAGAIN', 'EAGAIN'];
    writer.write('a\n');
    writer.flushSync();
    writer.write('b\n');
    await clock.advance(10);
    await clock.advance(19);
    expect(sink.answers).toHaveLength(1);
    await clock.advance(1);
    expect(sink.answers).toHaveLength(0);
    await clock.advance(40);
    expect(sink.text).toBe('a\nb\n');
    expect(writer.dropped).toBe(0);
  });

  test('drops what exceeds its memory, and says so once the output works again', async () => {
    const { sink, clock, writer, gaps } = setUp(10);
    sink.answers = ['EAGAIN'];
    writer.write('1234\n');
    writer.write('5678\n');
    writer.write('lost\n');
    writer.flushSync();
    writer.write('lost\n');
    expect(writer.dropped).toBe(2);
    expect(gaps).toEqual([]);
    await clock.advance(10);
    expect(sink.text).toBe('1234\n5678\n');
    expect(gaps).toEqual([2]);
    writer.write('9\n');
    writer.flushSync();
    expect(gaps).toEqual([2]);
    expect(sink.text).toBe('1234\n5678\n9\n');
  });

  test('frees its memory when it drops: a full disk does not stop later lines', () => {
    const { sink, writer, gaps } = setUp(10);
    for (let i = 0; i < 100; i++) {
      sink.answers = ['ENOSPC'];
      writer.write('1234\n');
      writer.write('5678\n');
      writer.flushSync();
    }
    expect(writer.dropped).toBe(200);
    writer.write('back\n');
    writer.flushSync();
    expect(sink.text).toBe('back\n');
    expect(gaps).toEqual([200]);
  });

  test('ends a torn line before the next one', () => {
    const { sink, writer } = setUp();
    sink.answers = [3, 'ENOSPC'];
    writer.write('first\n');
    writer.flushSync();
    expect(writer.dropped).toBe(1);
    sink.answers = ['ENOSPC'];
    writer.write('second\n');
    writer.flushSync();
    expect(writer.dropped).toBe(2);
    writer.write('third\n');
    writer.flushSync();
    expect(sink.text).toBe('fir\nthird\n');
  });

  test('counts all lines once the reader is gone, and never writes again', () => {
    const { sink, writer, gaps } = setUp();
    sink.answers = ['EPIPE'];
    writer.write('a\n');
    writer.write('b\n');
    writer.flushSync();
    writer.write('c\n');
    writer.flushSync();
    expect(writer.dropped).toBe(3);
    expect(sink.text).toBe('');
    expect(gaps).toEqual([]);
  });

  test('writes big backlogs in several turns', async () => {
    const { sink, writer } = setUp(10_000_000);
    const line = `${'x'.repeat(99_999)}\n`;
    for (let i = 0; i < 9; i++) writer.write(line);
    await turn();
    expect(sink.text.length).toBe(300_000);
    await turn();
    await turn();
    expect(sink.text.length).toBe(900_000);
  });
});

describe('flush', () => {
  test('resolves true at once when nothing waits', async () => {
    const { writer } = setUp();
    expect(await writer.flush(0)).toBe(true);
    writer.write('a\n');
    expect(await writer.flush(0)).toBe(true);
  });

  test('resolves true when the output recovers in time, false when not', async () => {
    const { sink, clock, writer } = setUp();
    sink.answers = ['EAGAIN', 'EAGAIN'];
    writer.write('a\n');
    const recovers = writer.flush(1000);
    await clock.advance(10);
    expect(await recovers).toBe(true);
    expect(sink.text).toBe('a\n');
    sink.answers = Array<Answer>(100).fill('EAGAIN');
    writer.write('b\n');
    const never = writer.flush(15);
    await clock.advance(10);
    await turn();
    await clock.advance(5);
    expect(await never).toBe(false);
  });
});
