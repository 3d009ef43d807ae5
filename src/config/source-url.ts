/** URLs of sources: what may stand in one, and why each other form is refused. */

import { z } from 'zod';
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
  return url.hash === '' && !text.endsWith('#') ? undefined : ALLOWED;
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
