/** The file of bearer tokens: who they are, what they may, and never their secrets. */
import { z } from 'zod';
import { CLIENT_CLASSES, SCOPES, type TokenRecord } from '../model/access.js';
import { parseYamlFile } from './file.js';
import type { Mistakes } from './mistakes.js';
import { hint } from './nearest.js';
import { rate } from './security-options.js';
import { choice, list } from './value-kinds.js';

const TOKENS_MAX = 10_000;
const ID = /^[A-Za-z0-9._-]{1,64}$/;
const ID_ALLOWED = '1 to 64 letters, digits, dots, underscores and dashes';
const SHA256_ALLOWED = '64 hexadecimal digits in quotes, as weft token prints them';
const EXPIRES_ALLOWED = 'a time such as 2027-01-31T00:00:00Z';
const DAY = /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:\d\d))?$/;

const scopes = list(SCOPES.length, choice(...SCOPES), `scopes of ${SCOPES.join(', ')}`);
const clientClass = choice(...CLIENT_CLASSES);

const ENTRY = z.strictObject({
  id: z.string({ error: ID_ALLOWED }).regex(ID, { error: ID_ALLOWED }),
  sha256: z
    .string({ error: SHA256_ALLOWED })
    .regex(/^[0-9a-f]{64}$/i, { error: SHA256_ALLOWED })
    .transform((digits) => digits.toLowerCase()),
  scopes: (scopes.schema as z.ZodType<TokenRecord['scopes']>).refine((all) => all.length > 0, {
    error: scopes.allowed,
  }),
  expires: z
    .string({ error: EXPIRES_ALLOWED })
    .regex(DAY, { error: EXPIRES_ALLOWED })
    .transform((time) => Date.parse(time))
    .refine((ms) => !Number.isNaN(ms), { error: EXPIRES_ALLOWED })
    .nullish(),
  class: clientClass.schema.optional(),
  rate: rate().schema.nullish(),
});
const KEYS = Object.keys(ENTRY.shape);

/** All tokens of the file at `path`; what is wrong goes to `mistakes`, which never quote a digest. */
export function readTokensFile(
  path: string,
  readFile: (path: string) => string,
  mistakes: Mistakes,
): readonly TokenRecord[] {
  const root = parseYamlFile(path, 'the tokens', readFile, mistakes);
  if (root === undefined) return [];
  const entries = entriesOf(root);
  if (entries === undefined || entries.length > TOKENS_MAX) {
    mistakes.add(path, `is not allowed, allowed: tokens: and a list of up to ${TOKENS_MAX} tokens`);
    return [];
  }
  const tokens: TokenRecord[] = [];
  entries.forEach((entry, index) => {
    const where = `${path}: tokens[${index}]`;
    const read = ENTRY.safeParse(entry);
    if (!read.success) for (const issue of read.error.issues) report(where, issue, mistakes);
    else tokens.push(recordOf(read.data));
  });
  checkUnique(path, tokens, mistakes);
  return tokens;
}

function recordOf(entry: z.infer<typeof ENTRY>): TokenRecord {
  return {
    id: entry.id,
    sha256: entry.sha256,
    scopes: entry.scopes,
    expiresMs: entry.expires ?? null,
    clientClass: entry.class ?? 'normal',
    rate: entry.rate ?? null,
  };
}

/** `tokens:` with a list; an empty file, or an empty list, is no token at all: everybody is refused. */
function entriesOf(root: unknown): readonly unknown[] | undefined {
  if (root === null) return [];
  if (typeof root !== 'object' || Array.isArray(root)) return undefined;
  const { tokens, ...others } = root as { tokens?: unknown };
  if (Object.keys(others).length > 0) return undefined;
  if (tokens === undefined || tokens === null) return [];
  return Array.isArray(tokens) ? tokens : undefined;
}

function report(where: string, issue: z.core.$ZodIssue, mistakes: Mistakes): void {
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) mistakes.add(`${where}.${key}`, `is no key of a token${hint(key, KEYS)}`);
    return;
  }
  const [key, index] = issue.path;
  const place = `${where}${key === undefined ? '' : `.${String(key)}`}`;
  const at = typeof index === 'number' ? `[${index}]` : '';
  // Without the value: somebody may have pasted the secret where its digest belongs.
  const allowed = key === undefined ? `a mapping of ${KEYS.join(', ')}` : issue.message;
  mistakes.add(`${place}${at}`, `is not allowed, allowed: ${allowed}`);
}

function checkUnique(path: string, tokens: readonly TokenRecord[], mistakes: Mistakes): void {
  for (const key of ['id', 'sha256'] as const) {
    const seen = new Map<string, string>();
    for (const token of tokens) {
      const owner = seen.get(token[key]);
      if (owner === undefined) seen.set(token[key], token.id);
      else if (key === 'id') mistakes.add(path, `two tokens have the id ${token.id}`);
      else mistakes.add(path, `tokens ${owner} and ${token.id} are the same token`);
    }
  }
}
