import { describe, expect, test } from 'vitest';
import { createLogger } from '../../../src/log/logger.js';
import { LOG_LEVELS, nullLogger, type LogLevel, type Logger } from '../../../src/model/log.js';
import { Redactor } from '../../../src/model/redact.js';
import { FakeClock } from '../../fixtures/fake-clock.js';

interface Log {
  readonly log: Logger;
  /** All lines so far, parsed. */
  lines(): Record<string, unknown>[];
  text(): string;
}

function open(level: LogLevel = 'debug', secrets: readonly string[] = []): Log {
  let text = '';
  const sink = {
    write: (bytes: Uint8Array): number => {
      text += Buffer.from(bytes).toString();
      return bytes.length;
    },
  };
  const log = createLogger({
    level,
    clock: new FakeClock(Date.UTC(2026, 0, 1, 12)),
    redactor: new Redactor(secrets),
    sink,
  });
  const read = (): string => {
    void log.flush(0);
    return text;
  };
  return {
    log,
    text: read,
    lines: () =>
      read()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

describe('a line', () => {
  test('has time, level, service, event, fields and message', () => {
    const { log, lines } = open();
    log.info('poll.run', { source: 'a', ms: 1.5 }, 'polled');
    log.warn('poll.error');
    expect(lines()).toEqual([
      {
        ts: '2026-01-01T12:00:00.000Z',
        level: 'INFO',
        svc: 'weft',
        event: 'poll.run',
        source: 'a',
        ms: 1.5,
        msg: 'polled',
      },
      { ts: '2026-01-01T12:00:00.000Z', level: 'WARN', svc: 'weft', event: 'poll.error', msg: 'poll.error' },
    ]);
  });

  test('is written from its level on', () => {
    for (const threshold of LOG_LEVELS) {
      const { log, lines } = open(threshold);
      for (const level of ['debug', 'info', 'warn', 'error', 'fatal'] as const) log[level]('x');
      const expected = LOG_LEVELS.slice(LOG_LEVELS.indexOf(threshold), -1).map((level) =>
        level.toUpperCase(),
      );
      expect(lines().map((line) => line['level'])).toEqual(expected);
    }
  });

  test('of a child carries its fields, also through generations', () => {
    const { log, lines } = open();
    log.child({ source: 'a' }).child({ attempt: 2 }).info('x', { b: 1 });
    expect(lines()[0]).toMatchObject({ source: 'a', attempt: 2, b: 1, event: 'x', svc: 'weft' });
  });

  test('stays one line and has each key once, whatever is in it', () => {
    const { log, text, lines } = open();
    log.info(
      'x',
      { 'a\nb': 'c\r\nd\u2028', level: 'mine', msg: 'mine', ts: 1, svc: 's', event: 'e' },
      'm\nn %s %d',
    );
    expect(text().trimEnd().split('\n')).toHaveLength(1);
    expect(lines()[0]).toMatchObject({
      level: 'INFO',
      level_: 'mine',
      msg: 'm\nn %s %d',
      msg_: 'mine',
      ts_: 1,
      svc_: 's',
      event_: 'e',
    });
    for (const key of ['level', 'msg', 'ts', 'svc', 'event'])
      expect(text().split(`"${key}":`)).toHaveLength(2);
  });

  test('says what JSON cannot say in words, and is bounded', () => {
    const { log, lines, text } = open();
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    log.info('x', {
      big: 18446744073709551615n,
      nan: NaN,
      date: new Date(0),
      bad: new Date(NaN),
      bytes: new Uint8Array(5),
      map: new Map([['k', 'v']]),
      set: new Set([1]),
      fn: () => 1,
      none: undefined,
      cycle,
      ['__proto__']: { polluted: true },
      many: Array(10_000).fill('y'),
      long: 'z'.repeat(100_000),
    });
    expect(lines()[0]).toMatchObject({
      big: '18446744073709551615',
      nan: null,
      date: '1970-01-01T00:00:00.000Z',
      bad: null,
      bytes: '[5 bytes]',
      map: { k: 'v' },
      set: [1],
    });
    expect(text()).toContain('[deeper]');
    expect(text().length).toBeLessThan(20_000);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('shows an error with its code, stack and cause', () => {
    const { log, lines } = open();
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    log.error('x', { error: new Error('cannot fetch', { cause }) });
    expect(lines()[0]).toMatchObject({
      error: { name: 'Error', message: 'cannot fetch', cause: { message: 'refused', code: 'ECONNREFUSED' } },
    });
    expect((lines()[0]!['error'] as Record<string, string>)['stack']).toContain('logger.test');
  });

  test('that cannot be made is counted and harms nobody', () => {
    const { log, lines } = open();
    const nasty = {
      get bad(): never {
        throw new Error('no');
      },
    };
    log.info('x', nasty);
    log.info('y');
    lines();
    expect(lines()).toMatchObject([{ event: 'y' }, { event: 'log.dropped', lines: 1 }]);
  });
});

describe('secrets', () => {
  const secret = 'tok-5ecret/+="\\';
  test('never reach the output: not in fields, nested, keys, messages, errors or child fields', () => {
    const { log, text } = open('debug', [secret]);
    const child = log.child({ note: `child ${secret}` });
    child.info(
      'x',
      { a: secret, b: { c: [secret] }, [secret]: 1, m: new Map([['k', secret]]) },
      `msg ${secret}`,
    );
    child.error('y', { error: new Error(`cannot use ${secret}`, { cause: new Error(secret) }) });
    child.fatal('z', { url: new URL(`http://h/?q=${encodeURIComponent('x')}`), arr: [`${secret}${secret}`] });
    expect(text()).not.toContain('5ecret');
    expect(text().split('[redacted]').length).toBeGreaterThan(8);
  });

  test('are known by the names of fields and headers', () => {
    const { log, text } = open();
    log.info('x', {
      headers: { Authorization: 'Basic aaa111', cookie: 'aaa111', 'x-api-key': 'aaa111', accept: 'text/csv' },
      token: 'aaa111',
      accessToken: { deep: 'aaa111' },
      password: 'aaa111',
    });
    expect(text()).not.toContain('aaa111');
    expect(text()).toContain('text/csv');
  });

  test.each([
    ['http://user:hunter2@h/c', 'h/c'],
    ['cannot fetch https://u:p@hunter2@h:1/c?a=1: refused', '?a=1: refused'],
    ['http://h/c?a=1&token=hunter2&b=2', '&b=2'],
    ['http://h/c?access_token=hunter2#x', '#x'],
    ['http://h/?X-Amz-Signature=hunter2&b=2', '&b=2'],
    ['authorization: Bearer hunter2', 'authorization'],
    ['{"authorization":"Basic hunter2"}', '}'],
    ['sent Bearer hunter2.abc-_/+= to h', 'to h'],
  ])('are cut out of %s', (text, stays) => {
    const clean = new Redactor().text(text);
    expect(clean).not.toContain('hunter2');
    expect(clean).toContain('[redacted]');
    expect(clean).toContain(stays);
  });

  test('what is no secret stays as it is', () => {
    const redactor = new Redactor(['abc', '']);
    for (const text of [
      'cannot fetch http://h:9001/csv/xcset/low?a__in__1__2: ECONNREFUSED',
      'column switch_id@7 of http://h/a/b@c',
      'abc is too short to blank out',
      "Unknown switch_id 'sw-1'.",
    ]) {
      expect(redactor.text(text)).toBe(text);
    }
  });

  test('a longer secret is blanked before a shorter one that it contains', () => {
    expect(new Redactor(['abcd', 'abcdefgh']).text('x abcdefgh y')).toBe('x [redacted] y');
  });

  test('a long text costs no more than its length', () => {
    // Quadratic patterns would take minutes here.
    for (const unit of [
      'z',
      'a.',
      '?',
      'tokentoken',
      'http://',
      'authorization ',
      '?token',
      'a:b@',
      'Bearer ',
      '&auth=',
      'authorization:',
    ]) {
      expect(new Redactor().text(unit.repeat(100_000)).length).toBeLessThanOrEqual(8193);
    }
  });
});

test('the null logger says nothing and is its own child', () => {
  for (const level of ['debug', 'info', 'warn', 'error', 'fatal'] as const) nullLogger[level]('x');
  expect(nullLogger.child({})).toBe(nullLogger);
});
