/** Whether a request shows a valid token, and what it is told when not (RFC 6750). */
import type { TokenRecord } from '../../model/access.js';
import type { GuardFacts, Refused } from '../guards/guard.js';
import { isExpired, type TokenStore } from './token-store.js';

/** RFC 6750's b64token. */
const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i;
const SECRET_LENGTH_MAX = 1024;
/** Also where no token is needed in its place: logs of proxies and histories of browsers keep queries. */
const QUERY_TOKEN = /(?:^|[&;])(?:access_|auth_|bearer_)?token=/i;

/** Whose token it is, or why there is none. */
export function identify(
  tokens: TokenStore,
  facts: Pick<GuardFacts, 'authorization' | 'authorizationRepeated' | 'query'>,
  nowMs: number,
): TokenRecord | Refused {
  if (QUERY_TOKEN.test(facts.query)) {
    return unauthorized('cannot take a token in the query: send Authorization: Bearer', 'invalid_request');
  }
  if (facts.authorizationRepeated) {
    return unauthorized('cannot tell who asks: Authorization is there more than once', 'invalid_request');
  }
  if (facts.authorization === '') {
    return unauthorized('cannot answer without a token: send Authorization: Bearer', null);
  }
  const secret = BEARER.exec(facts.authorization)?.[1];
  if (secret === undefined || secret.length > SECRET_LENGTH_MAX) {
    return unauthorized('cannot read Authorization: it is not Bearer and a token', 'invalid_request');
  }
  const record = tokens.find(secret);
  if (record === null) return unauthorized('cannot take this token: it is not valid', 'invalid_token');
  if (isExpired(record, nowMs))
    return unauthorized('cannot take this token: it has expired', 'invalid_token');
  return record;
}

function unauthorized(message: string, error: string | null): Refused {
  const challenge = `Bearer realm="weft"${error === null ? '' : `, error="${error}"`}`;
  return {
    allow: false,
    status: 401,
    error: 'unauthorized',
    message,
    headers: { 'WWW-Authenticate': challenge },
  };
}
