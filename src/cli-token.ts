/** `weft token`: makes a bearer token, tells its secret once, and what to write into the file of tokens. */
import { createHash, randomBytes } from 'node:crypto';
import type { Config } from './config/config.js';
import { formatRate } from './model/access.js';
import type { Clock } from './model/clock.js';

/** 256 bits: nobody finds it by trying, so that one fast hash is enough to keep it. */
const SECRET_BYTES = 32;
/** Tools that look for leaked secrets know them by such a word. */
const PREFIX = 'weft_';

export interface NewToken {
  readonly secret: string;
  /** YAML, one item of `tokens:`. */
  readonly entry: string;
}

export function makeToken(config: Config, clock: Clock): NewToken {
  const secret = PREFIX + randomBytes(SECRET_BYTES).toString('base64url');
  const { tokenId, tokenScopes, tokenTtlMs, tokenClass, tokenRate } = config;
  const lines = [
    `id: "${tokenId}"`,
    `sha256: "${createHash('sha256').update(secret).digest('hex')}"`,
    `scopes: ["${tokenScopes.join('", "')}"]`,
    ...(tokenTtlMs === null ? [] : [`expires: "${new Date(clock.nowMs() + tokenTtlMs).toISOString()}"`]),
    ...(tokenClass === 'normal' ? [] : [`class: ${tokenClass}`]),
    ...(tokenRate === null ? [] : [`rate: ${formatRate(tokenRate)}`]),
  ];
  return { secret, entry: lines.map((line, i) => `${i === 0 ? '  - ' : '    '}${line}\n`).join('') };
}

/** What is printed. The secret is on the first line alone, for scripts. */
export function tokenText({ secret, entry }: NewToken): string {
  return (
    `${secret}\n\n` +
    `The line above is the token. It is shown once and kept nowhere: weft knows its hash alone.\n` +
    `For the file of TOKENS_FILE, under tokens:\n\n${entry}`
  );
}
