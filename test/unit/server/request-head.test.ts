import { describe, expect, it } from 'vitest';
import {
  framingError,
  HEADER_BYTES_MAX,
  REQUEST_BODY_BYTES_MAX,
  RequestHead,
  type FramingFault,
} from '../../../src/server/request-head.js';
import type { UwsRequest } from '../../../src/server/uws.js';

function requestWith(headers: readonly (readonly [string, string])[]): UwsRequest {
  return {
    getCaseSensitiveMethod: () => 'GET',
    getUrl: () => '/',
    getQuery: () => undefined,
    getHeader: () => '',
    forEach: (visit) => headers.forEach(([name, value]) => visit(name, value)),
  };
}

function read(...headers: (readonly [string, string])[]): RequestHead {
  const head = new RequestHead();
  head.read(requestWith(headers));
  return head;
}

const HOST = ['host', 'weft'] as const;

describe('faults of framing', () => {
  const cases: readonly (readonly [
    string,
    FramingFault | undefined,
    readonly (readonly [string, string])[],
  ])[] = [
    ['a plain request', undefined, [HOST]],
    ['a length of zero', undefined, [HOST, ['content-length', '0']]],
    ['any Transfer-Encoding', 'ambiguous', [HOST, ['transfer-encoding', 'chunked']]],
    ['an empty Transfer-Encoding', 'ambiguous', [HOST, ['transfer-encoding', '']]],
    ['an empty length', 'ambiguous', [HOST, ['content-length', '']]],
    ['an empty length before another', 'ambiguous', [HOST, ['content-length', ''], ['content-length', '5']]],
    ['two equal lengths', 'ambiguous', [HOST, ['content-length', '0'], ['content-length', '0']]],
    ['a signed length', 'ambiguous', [HOST, ['content-length', '+0']]],
    ['a length with a leading zero', 'ambiguous', [HOST, ['content-length', '00']]],
    ['a list of lengths', 'ambiguous', [HOST, ['content-length', '0, 0']]],
    ['a body', 'ambiguous', [HOST, ['content-length', '1']]],
    ['no Host', 'host', []],
    ['an empty Host', 'host', [['host', '']]],
    ['two Hosts', 'host', [HOST, HOST]],
    ['many header bytes', 'headers_too_large', [HOST, ['x', 'y'.repeat(HEADER_BYTES_MAX)]]],
  ];

  it.each(cases)('%s', (_name, fault, headers) => {
    expect(read(...headers).fault('none')).toBe(fault);
  });

  it('lets other methods have a body of a moderate size', () => {
    expect(read(HOST, ['content-length', '12']).fault('small')).toBeUndefined();
    const large = String(REQUEST_BODY_BYTES_MAX + 1);
    expect(read(HOST, ['content-length', large]).fault('small')).toBe('body_too_large');
    expect(read(HOST, ['transfer-encoding', 'chunked']).fault('small')).toBe('ambiguous');
  });

  it('has a refusal for each', () => {
    expect(framingError('ambiguous').status).toBe(400);
    expect(framingError('host').status).toBe(400);
    expect(framingError('headers_too_large').status).toBe(431);
    expect(framingError('body_too_large').status).toBe(413);
  });
});

describe('what routes need', () => {
  it('joins repeated headers into one list', () => {
    const head = read(
      HOST,
      ['if-none-match', '"a"'],
      ['if-none-match', '"b"'],
      ['accept', 'text/csv'],
      ['accept', '*/*'],
    );
    expect(head.ifNoneMatch).toBe('"a", "b"');
    expect(head.accept).toBe('text/csv, */*');
  });

  it('knows a connection that is to be closed', () => {
    expect(read(HOST, ['connection', 'close']).connectionClose).toBe(true);
    expect(read(HOST, ['connection', 'Keep-Alive, Close']).connectionClose).toBe(true);
    expect(read(HOST, ['connection', 'keep-alive']).connectionClose).toBe(false);
    expect(read(HOST, ['connection', 'x-closet']).connectionClose).toBe(false);
  });

  it('tells one Authorization from several, empty ones included', () => {
    expect(read(HOST, ['authorization', 'Bearer a']).authorizationRepeated).toBe(false);
    const twice = read(HOST, ['authorization', ''], ['authorization', 'Bearer a']);
    expect([twice.authorization, twice.authorizationRepeated]).toEqual(['Bearer a', true]);
  });

  it('forgets the request before', () => {
    const head = new RequestHead();
    const full: [string, string][] = [
      'if-none-match,accept,accept-encoding,x-request-id,x-dialect,origin,authorization',
    ].flatMap((names) => names.split(',').map((name): [string, string] => [name, 'v']));
    head.read(requestWith([HOST, ...full, ['connection', 'close'], ['content-length', '3']]));
    expect([head.dialect, head.requestId, head.bodyBytes]).toEqual(['v', 'v', 3]);
    head.read(requestWith([HOST]));
    const { ifNoneMatch, accept, acceptEncoding, requestId, dialect, origin, authorization } = head;
    const texts = [ifNoneMatch, accept, acceptEncoding, requestId, dialect, origin, authorization];
    expect(texts).toEqual(['', '', '', '', '', '', '']);
    expect([head.connectionClose, head.bodyBytes, head.authorizationRepeated]).toEqual([false, 0, false]);
    expect(head.fault('none')).toBeUndefined();
  });
});
