/** Options of `weft token`: whom the new token is for, and what it may. */
import { z } from 'zod';
import { CLIENT_CLASSES, SCOPES, type Rate, type Scope } from '../model/access.js';
import { derived, option, type Command } from './option.js';
import { rate } from './security-options.js';
import { choice, columnList, duration, type ValueKind } from './value-kinds.js';

const TOKEN: readonly Command[] = ['token'];
const DAY_MS = 24 * 3_600_000;

export const TOKEN_OPTIONS = {
  tokenId: derived<string | null>('id', () => null, 'none: it must be given', {
    env: 'TOKEN_ID',
    fileKey: null,
    kind: tokenId(),
    help: 'Names the token in logs and limits.',
    commands: TOKEN,
  }),
  tokenScopes: derived<readonly Scope[]>('scopes', () => [], 'none: they must be given', {
    env: 'TOKEN_SCOPES',
    fileKey: null,
    kind: columnList(SCOPES.length, choice(...SCOPES)) as ValueKind<readonly Scope[]>,
    help: `What the token may, of ${SCOPES.join(', ')}; admin may everything.`,
    commands: TOKEN,
  }),
  tokenTtlMs: derived<number | null>('expires', () => null, 'never', {
    env: 'TOKEN_EXPIRES',
    fileKey: null,
    kind: duration(1000, 3660 * DAY_MS),
    help: 'Time after which the token is refused.',
    commands: TOKEN,
  }),
  tokenClass: option('class', 'normal', {
    env: 'TOKEN_CLASS',
    fileKey: null,
    kind: choice(...CLIENT_CLASSES),
    help: 'important: refused last when weft is overloaded.',
    commands: TOKEN,
  }),
  tokenRate: derived<Rate | null>('rate', () => null, 'RATE_LIMIT', {
    env: 'TOKEN_RATE',
    fileKey: null,
    kind: rate(),
    help: 'A rate of its own.',
    commands: TOKEN,
  }),
} as const;

function tokenId(): ValueKind<string> {
  const allowed = '1 to 64 letters, digits, dots, underscores and dashes';
  const schema = z.string({ error: allowed }).regex(/^[A-Za-z0-9._-]{1,64}$/, { error: allowed });
  return { allowed, placeholder: 'id', schema, format: String };
}
