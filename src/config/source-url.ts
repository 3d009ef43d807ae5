/** URLs of sources: what may stand in one, and why each other form is refused. */

import { isIP } from 'node:net';
import { z } from 'zod';
import { isMappedIpv4 } from '../model/networks.js';
import { REDACTED } from '../model/redact.js';
import { fileUrlProblem, isFileUrl } from './file-url.js';
import { isUnixUrl, unixUrlProblem } from './unix-url.js';
import type { ValueKind } from './value-kinds.js';

const URL_LENGTH_MAX = 4096;
const ALLOWED =
  'an absolute http:// or https:// URL without user name, password or fragment, file:// and a path, or unix:/socket:/path';

/** Why `text` is no source URL, or undefined when it is one. Never quotes the URL: it may hold a secret. */
function urlProblem(text: string): string | undefined {
  if (text.length > URL_LENGTH_MAX) return `${ALLOWED}, of at most ${URL_LENGTH_MAX} characters`;
  if (text.includes('${')) return `${ALLOWED}; \${...} is resolved in header values only`;
  if (isFileUrl(text)) return fileUrlProblem(text);
  if (isUnixUrl(text)) return unixUrlProblem(text, urlProblem);
  // The URL parser drops tabs and line breaks, and reads http:host and http:///host as http://host.
  if (/[\s\\]/.test(text) || !/^https?:\/\/[^/?#]/i.test(text)) return ALLOWED;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '' || url.port === '0') return ALLOWED;
  if (url.username !== '' || url.password !== '' || /^https?:\/\/[^/?#]*@/i.test(text)) {
    return `${ALLOWED}; put credentials into headers of a source in the file`;
  }
  if (isDisguised(text, url)) {
    return `${ALLOWED}; an IPv4 address is written as four decimal numbers, not octal, hexadecimal or inside IPv6`;
  }
  return url.hash === '' && !text.endsWith('#') ? undefined : ALLOWED;
}

/** 0177.0.0.1, 2130706433 and [::ffff:127.0.0.1] are 127.0.0.1: whoever reads the file must see that, too. */
function isDisguised(text: string, url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) === 6) return isMappedIpv4(host);
  const written = /^https?:\/\/([^/?#]*?)(?::\d*)?(?:[/?#]|$)/i.exec(text)?.[1];
  return isIP(host) === 4 && written !== host;
}

/** Whatever stands before an @ may be a password, however badly the URL is formed. */
export function maskUrl(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/^.*@/s, `${REDACTED}@`) : value;
}

function refined(text: string, ctx: z.RefinementCtx): string {
  const problem = urlProblem(text);
  if (problem === undefined) return isUnixUrl(text) ? text : new URL(text).href;
  ctx.addIssue({ code: 'custom', message: problem });
  return z.NEVER;
}

/** One URL, normalised. */
export function sourceUrl(): ValueKind<string> {
  return {
    allowed: ALLOWED,
    placeholder: 'url',
    schema: z.string({ error: ALLOWED }).transform(refined),
    format: String,
  };
}

/** Several, separated by commas; the empty string is no URL at all. A comma inside one is written %2C. */
export function urlList(): ValueKind<readonly string[]> {
  const allowed = `${ALLOWED}; several are separated by commas (a comma inside one is written %2C)`;
  return {
    allowed,
    placeholder: 'url,url',
    schema: z.string({ error: allowed }).transform((text, ctx) => {
      const parts = text.trim() === '' ? [] : text.split(',');
      return parts.map((part) => refined(part.trim(), ctx));
    }),
    format: (urls) => urls.join(','),
  };
}
