import { describe, expect, it } from 'vitest';
import { WeftError } from '../../../src/model/errors.js';
import { decodePathSegment, QueryParams } from '../../../src/query/params.js';

const NAMES = ['switch_id', 'metric', 'limit', 'format'];

function parse(raw: string, ignoreUnknown = false): QueryParams {
  return new QueryParams(raw, { names: NAMES, ignoreUnknown });
}

/** The refusal of `run`: its code and text. */
function refusal(run: () => unknown): { code: string; message: string; status: number } {
  try {
    run();
  } catch (error) {
    if (error instanceof WeftError) {
      return { code: error.code, message: error.message, status: error.status };
    }
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('QueryParams', () => {
  it('decodes names and values exactly once', () => {
    expect(parse('metric=%2525%20x').get('metric')).toBe('%25 x');
    expect(parse('metric=a+b%2Bc').get('metric')).toBe('a b+c');
    expect(parse('%6detric=%C3%BC%F0%9F%98%80').get('metric')).toBe('ü😀');
    expect(parse('metric=a%26b%3Dc=d').get('metric')).toBe('a&b=c=d');
    expect(parse('metric=%EF%BF%BD').get('metric')).toBe('\ufffd');
  });

  it('takes an empty query, empty pieces and a name without a value', () => {
    expect(parse('').get('metric')).toBeUndefined();
    expect(parse('&&metric&').get('metric')).toBe('');
    expect(parse('metric').has('metric')).toBe(true);
  });

  it.each(['%', '%4', '%zz', '%C3', '%C0%AF', '%ED%A0%80', '%00', '%1f', 'a%0d%0ab', '%7F', 'a\ufffdb'])(
    'refuses %j as bad_encoding and names the parameter',
    (value) => {
      const { code, message } = refusal(() => parse(`metric=${value}`));
      expect(code).toBe('bad_encoding');
      expect(message).toContain("'metric'");
      expect(refusal(() => decodePathSegment(value, 'the switch'))).toMatchObject({ code: 'bad_encoding' });
    },
  );

  it('refuses a bad escape in a name', () => {
    expect(refusal(() => parse('%zz=1')).code).toBe('bad_encoding');
  });

  it('leaves a plus sign in a path alone, and decodes a slash', () => {
    expect(decodePathSegment('a+b%2Fc', 'the switch')).toBe('a+b/c');
  });

  it('refuses a parameter given twice, with the same value too', () => {
    expect(refusal(() => parse('limit=1&limit=2')).code).toBe('duplicate_parameter');
    expect(refusal(() => parse('limit=1&limit=1'))).toEqual({
      code: 'duplicate_parameter',
      message: "Parameter 'limit' is given twice.",
      status: 400,
    });
    expect(refusal(() => parse('switch=a&switch_id=a&switch=a')).code).toBe('duplicate_parameter');
  });

  it('takes synonyms, agreeing ones twice, and refuses those that differ', () => {
    for (const spelling of ['switch_id', 'switch', 'switchId']) {
      expect(parse(`${spelling}=x`).get('switch_id')).toBe('x');
    }
    expect(parse('metric_name=m').get('metric')).toBe('m');
    expect(parse('switch=x&switchId=x').get('switch_id')).toBe('x');
    const { code, message } = refusal(() => parse('switch=x&switchId=y'));
    expect(code).toBe('contradictory_parameter');
    expect(message).toContain("'switch' and 'switchId'");
  });

  it('refuses unknown parameters by name, unless told to ignore them', () => {
    const { code, message } = refusal(() => parse('metrc=x'));
    expect(code).toBe('unknown_parameter');
    expect(message).toContain("'metrc'");
    expect(parse('metrc=x&metric=m', true).get('metric')).toBe('m');
    expect(refusal(() => parse('__proto__=1')).code).toBe('unknown_parameter');
  });

  it('does not repeat a long value', () => {
    expect(refusal(() => parse(`${'n'.repeat(9000)}=1`)).message.length).toBeLessThan(300);
  });

  it('tells a missing parameter', () => {
    expect(refusal(() => parse('').required('metric')).code).toBe('missing_parameter');
    expect(refusal(() => parse('metric=').required('metric')).code).toBe('missing_parameter');
  });
});

describe('QueryParams.integer', () => {
  const limit = (text: string): number | undefined => parse(`limit=${text}`).integer('limit', 1, 100);

  it('reads integers of its range', () => {
    expect(limit('1')).toBe(1);
    expect(limit('100')).toBe(100);
    expect(parse('').integer('limit', 1, 100)).toBeUndefined();
    expect(Object.is(parse('limit=-0').integer('limit', 0, 1), 0)).toBe(true);
  });

  it.each(['abc', '0x10', '1.5', '', '%20', '1%20', '--1', '1e', 'NaN', 'Infinity', '%2B1', '１'])(
    'refuses the form of %j',
    (text) => {
      const { code, message } = refusal(() => limit(text));
      expect(code).toBe('bad_value');
      expect(message).toContain("'limit'");
    },
  );

  it.each(['0', '101', '-1', '1e9', '9'.repeat(399), '1e999'])('refuses %j as out of range', (text) => {
    expect(refusal(() => limit(text))).toMatchObject({ code: 'out_of_range', status: 422 });
  });
});

describe('QueryParams.choice', () => {
  it('takes what is listed and names the rest', () => {
    expect(parse('format=csv').choice('format', ['json', 'csv'])).toBe('csv');
    expect(parse('').choice('format', ['json', 'csv'])).toBeUndefined();
    const { code, message } = refusal(() => parse('format=CSV').choice('format', ['json', 'csv']));
    expect(code).toBe('bad_value');
    expect(message).toContain('json, csv');
  });
});
