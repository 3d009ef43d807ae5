/** Options of who may connect, and how. */
import { z } from 'zod';
import { formatRate, parseRate, type Rate } from '../model/access.js';
import { SERVE, derived, option } from './option.js';
import { network } from './source-guard-options.js';
import { choice, columnList, onOff, text, whole, type ValueKind } from './value-kinds.js';

const PATH_LENGTH_MAX = 4096;
const ITEMS_MAX = 256;
const ORIGIN_LENGTH_MAX = 270;

export const SECURITY_OPTIONS = {
  tokensFile: derived<string | null>('tokens-file', () => null, 'none: nobody is asked who they are', {
    kind: text(PATH_LENGTH_MAX, 'the path of a YAML file'),
    help: 'YAML file of bearer tokens; with one, every request but health needs a token. Read again on SIGHUP.',
    commands: SERVE,
  }),
  insecure: option<boolean>('insecure', false, {
    kind: onOff(),
    help: 'Lets weft listen beyond the loopback without TOKENS_FILE: whoever reaches the port reads everything.',
    commands: SERVE,
  }),
  rateLimit: derived<Rate | null>('rate-limit', () => null, 'none', {
    kind: rate(),
    help: 'Requests of one token, or of one address without tokens, such as 100/s or 600/m:50 (a burst of 50).',
    commands: SERVE,
  }),
  rateKeysMax: option<number>('rate-keys-max', 100_000, {
    kind: whole(16, 10_000_000, ''),
    help: 'Tokens and addresses whose rate is remembered; the least recently seen go first.',
    commands: SERVE,
  }),
  trustedProxies: derived<readonly string[]>('trusted-proxies', () => [], 'none', {
    kind: columnList(ITEMS_MAX, network()),
    help: 'Peers whose X-Forwarded-For is believed: addresses and networks.',
    commands: SERVE,
  }),
  corsOrigins: derived<readonly string[]>('cors-origins', () => [], 'none', {
    kind: columnList(ITEMS_MAX, origin()),
    help: 'Origins whose pages may read answers and open streams, exactly as browsers send them.',
    commands: SERVE,
  }),
  tlsCert: derived<string | null>('tls-cert', () => null, 'none: plain HTTP', {
    kind: text(PATH_LENGTH_MAX, 'the path of a PEM file'),
    help: 'Certificate of the listener with its chain. Read again on SIGHUP.',
    commands: SERVE,
  }),
  tlsKey: derived<string | null>('tls-key', () => null, 'none', {
    kind: text(PATH_LENGTH_MAX, 'the path of a PEM file'),
    help: 'Private key of TLS_CERT, without a passphrase.',
    commands: SERVE,
  }),
  tlsMinVersion: option('tls-min-version', '1.2', {
    kind: choice('1.2', '1.3'),
    help: 'Oldest TLS version that the listener speaks.',
    commands: SERVE,
  }),
} as const;

export function rate(): ValueKind<Rate> {
  const allowed =
    'a number of requests a second, minute or hour and perhaps a burst, such as 100/s or 600/m:50';
  const schema = z.string({ error: allowed }).transform((given, ctx): Rate => {
    const read = parseRate(given);
    if (read) return read;
    ctx.addIssue({ code: 'custom', message: allowed });
    return z.NEVER;
  });
  return { allowed, placeholder: 'n/s', schema, format: formatRate };
}

/** What a browser writes: scheme, host and port if it is not the usual one; no path, no wildcard. */
function origin(): ValueKind<string> {
  const allowed = 'an origin such as https://noc.example or http://127.0.0.1:3000';
  const isOrigin = (given: string): boolean =>
    given.length <= ORIGIN_LENGTH_MAX &&
    /^https?:\/\/[a-z0-9._:[\]-]+$/.test(given) &&
    URL.canParse(given) &&
    new URL(given).origin === given;
  const schema = z.string({ error: allowed }).refine(isOrigin, { error: allowed });
  return { allowed, placeholder: 'origin', schema, format: String };
}
