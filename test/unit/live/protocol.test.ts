import { describe, expect, test } from 'vitest';
import { MESSAGE_BYTES_MAX, parseClientMessage } from '../../../src/live/protocol.js';
import { ALL } from '../../fixtures/live-frames.js';

function refusalOf(message: unknown): { id: string | undefined; code: string; message: string } {
  const parsed = parseClientMessage(typeof message === 'string' ? message : JSON.stringify(message));
  if (parsed.ok) throw new Error('the message was accepted');
  return parsed.refusal;
}

function accepted(message: unknown): unknown {
  const parsed = parseClientMessage(JSON.stringify(message));
  if (!parsed.ok) throw new Error(parsed.refusal.message);
  return parsed.message;
}

describe('accepted', () => {
  test('subscribe with everything', () => {
    const message = { op: 'subscribe', id: 's1', switches: ['sw-5*', 'a'], metrics: ['m', 'k'] };
    expect(accepted({ ...message, since: 'k3f9-41', max_hz: 0.5, int64: 'string' })).toEqual({
      op: 'subscribe',
      id: 's1',
      selection: {
        rows: { exact: ['a'], prefixes: ['sw-5'] },
        where: null,
        sort: [],
        limit: null,
        view: null,
        metrics: ['m', 'k'],
        int64AsString: true,
      },
      since: 'k3f9-41',
      hzMax: 0.5,
    });
  });

  test('subscribe to all: members omitted, or a bare star', () => {
    expect(accepted({ op: 'subscribe', id: 'x' })).toMatchObject({
      selection: ALL,
      since: null,
      hzMax: null,
    });
    expect(accepted({ op: 'subscribe', id: 'x', switches: ['a', '*'] })).toMatchObject({ selection: ALL });
  });

  test('a filter and a rank', () => {
    const message = { op: 'subscribe', id: 'x', where: 'cpu gt 2 and name eq up', sort: '-cpu', limit: 20 };
    expect(accepted(message)).toMatchObject({
      selection: {
        where: {
          clauses: [
            { field: 'cpu', operator: 'gt' },
            { field: 'name', operator: 'eq' },
          ],
        },
        sort: [{ field: 'cpu', descending: true }],
        limit: 20,
      },
    });
  });

  test('unsubscribe and ping', () => {
    expect(accepted({ op: 'unsubscribe', id: 's1' })).toEqual({ op: 'unsubscribe', id: 's1' });
    expect(accepted({ op: 'ping' })).toEqual({ op: 'ping' });
  });

  test('ids of 1 to 64 characters of any kind', () => {
    expect(accepted({ op: 'unsubscribe', id: 'ü"\n'.padEnd(64, '.') })).toMatchObject({ op: 'unsubscribe' });
  });
});

describe('refused', () => {
  test.each([
    [{ where: 5 }, 'bad_value', 'where must be a string'],
    [{ where: 'cpu above 2' }, 'bad_value', 'character 5'],
    [{ where: '' }, 'bad_value', 'character 1'],
    [{ limit: 1.5 }, 'bad_value', 'limit must be an integer'],
    [{ limit: '5' }, 'bad_value', 'limit must be an integer'],
    [{ limit: 0 }, 'out_of_range', 'between 1 and'],
    [{ view: 'sum', metrics: ['cpu'] }, 'bad_value', 'must be one of delta, rate'],
    [{ view: 'rate' }, 'missing_parameter', "'view' needs them"],
    [{ sort: '-cpu' }, 'missing_parameter', "'sort' needs 'limit'"],
    [{ sort: 'cpu,cpu', limit: 2 }, 'bad_value', 'twice'],
  ])('a rank such as %j', (members, code, text) => {
    const refusal = refusalOf({ op: 'subscribe', id: 's1', ...members });
    expect(refusal).toMatchObject({ id: 's1', code });
    expect(refusal.message).toContain(text);
  });

  test.each([
    ['', 'bad_request'],
    ['{"op":"ping"', 'bad_request'],
    ['[]', 'bad_request'],
    ['null', 'bad_request'],
    ['"ping"', 'bad_request'],
    ['{}', 'missing_parameter'],
    ['{"op":7}', 'bad_value'],
    ['{"op":"constructor"}', 'bad_value'],
    ['{"op":"__proto__"}', 'bad_value'],
    ['{"op":"ping","id":"a"}', 'unknown_parameter'],
    ['{"op":"ping","__proto__":1}', 'unknown_parameter'],
    ['{"op":"subscribe"}', 'missing_parameter'],
    ['{"op":"unsubscribe"}', 'missing_parameter'],
  ])('%s as %s', (text, code) => {
    expect(refusalOf(text)).toMatchObject({ code, id: text.includes('"id"') ? 'a' : undefined });
  });

  test.each([
    [{ id: '' }, 'bad_value', undefined],
    [{ id: 'x'.repeat(65) }, 'bad_value', undefined],
    [{ id: 5 }, 'bad_value', undefined],
    [{ switches: 'sw-1' }, 'bad_value', 's1'],
    [{ switches: [] }, 'bad_value', 's1'],
    [{ switches: [''] }, 'bad_value', 's1'],
    [{ switches: ['a', 1] }, 'bad_value', 's1'],
    [{ switches: ['a*b'] }, 'bad_value', 's1'],
    [{ metrics: [] }, 'bad_value', 's1'],
    [{ metrics: [null] }, 'bad_value', 's1'],
    [{ metrics: ['a', 'a'] }, 'duplicate_parameter', 's1'],
    [{ since: 5 }, 'bad_value', 's1'],
    [{ max_hz: 0 }, 'out_of_range', 's1'],
    [{ max_hz: -1 }, 'out_of_range', 's1'],
    [{ max_hz: 1001 }, 'out_of_range', 's1'],
    [{ max_hz: '2' }, 'bad_value', 's1'],
    [{ int64: true }, 'bad_value', 's1'],
    [{ fields: ['a'] }, 'unknown_parameter', 's1'],
  ])('subscribe with %j as %s', (members, code, id) => {
    expect(refusalOf({ op: 'subscribe', id: 's1', ...members })).toMatchObject({ code, id });
  });

  test('names what is unknown', () => {
    const { message } = refusalOf({ op: 'subscribe', id: 's1', colour: 1, fields: 2 });
    expect(message).toContain('"colour"');
    expect(message).toContain('"fields"');
  });

  test('messages beyond the limit, counted in bytes', () => {
    const long = 'ü'.repeat(MESSAGE_BYTES_MAX / 2);
    expect(refusalOf(`{"op":"ping","x":"${long}"}`)).toMatchObject({ code: 'too_large' });
  });

  test('more patterns or names than a selector may have', () => {
    const many = Array.from({ length: 10_001 }, (_, i) => i.toString(36));
    expect(refusalOf({ op: 'subscribe', id: 's1', switches: many })).toMatchObject({ code: 'too_large' });
    expect(refusalOf({ op: 'subscribe', id: 's1', metrics: many })).toMatchObject({ code: 'too_large' });
  });
});
