import { describe, expect, it } from 'vitest';
import { DeliveryError } from '../../../../src/model/outcome.js';
import { classify, isBrokenConnection } from '../../../../src/source/exchange/classify.js';

function coded(code: string, message = 'it broke'): Error {
  return Object.assign(new Error(message), { code });
}

describe('classify', () => {
  it.each([
    ['ENOTFOUND', 'dns'],
    ['EAI_AGAIN', 'dns'],
    ['EAI_NODATA', 'dns'],
    ['ECONNREFUSED', 'connect'],
    ['EHOSTUNREACH', 'connect'],
    ['ETIMEDOUT', 'connect'],
    ['CERT_HAS_EXPIRED', 'connect'],
    ['UND_ERR_SOCKET', 'connect'],
    ['UND_ERR_HEADERS_OVERFLOW', 'too_large'],
  ])('%s before an answer is %s', (code, outcome) => {
    expect(classify(coded(code), false).outcome).toBe(outcome);
  });

  it('a broken connection after the head is a truncated body', () => {
    expect(classify(coded('UND_ERR_SOCKET', 'other side closed'), true)).toEqual({
      outcome: 'truncated',
      message: 'the body was cut short: other side closed',
    });
  });

  it('looks into the error of several addresses, whose own message is empty', () => {
    const error = new AggregateError(
      [coded('ECONNREFUSED', 'connect ECONNREFUSED ::1:9'), coded('EPERM')],
      '',
    );
    expect(classify(error, false)).toEqual({ outcome: 'connect', message: 'connect ECONNREFUSED ::1:9' });
  });

  it('passes the class of a DeliveryError on, and says when memory ran out', () => {
    const refused = new DeliveryError('too_large', 'the sink holds 5 bytes', true);
    expect(classify(refused, true)).toEqual({ outcome: 'too_large', message: 'the sink holds 5 bytes' });
    expect(classify(new RangeError('Array buffer allocation failed'), true).outcome).toBe('too_large');
  });

  it('knows a broken connection from a refused one', () => {
    expect(isBrokenConnection(coded('UND_ERR_SOCKET'))).toBe(true);
    expect(isBrokenConnection(coded('ECONNREFUSED'))).toBe(false);
    expect(isBrokenConnection('nonsense')).toBe(false);
  });
});
