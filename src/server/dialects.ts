/** Which earlier system a request means. */
import type { Dialect } from '../config/config.js';
import { WeftError } from '../model/errors.js';
import { QueryParams } from '../query/params.js';
import type { RouteRules } from '../query/get-metric.js';

export const DIALECTS: readonly Dialect[] = ['page', 'map', 'envelope', 'plain'];
/** What a request may name: `none` asks for weft's own whatever the default is. */
const NAMES = [...DIALECTS, 'none'] as const;

/** The parameter that every read takes beside its own. */
export const DIALECT_PARAMETER = 'dialect';

/** Routes refuse what they do not list; the earlier systems ignored it. */
export const OWN_RULES: RouteRules = { extra: [DIALECT_PARAMETER], ignoreUnknown: false };
export const DIALECT_RULES: RouteRules = { extra: [DIALECT_PARAMETER], ignoreUnknown: true };

export function rulesOf(dialect: Dialect | null): RouteRules {
  return dialect === null ? OWN_RULES : DIALECT_RULES;
}

/** What deciding needs of a request. */
export interface DialectFacts {
  readonly query: string;
  /** X-Dialect; empty without one. */
  readonly dialect: string;
}

export class DialectChooser {
  readonly #default: Dialect | null;

  constructor(defaultDialect: Dialect | 'none') {
    this.#default = defaultDialect === 'none' ? null : defaultDialect;
  }

  /**
   * The dialect of a request without a prefix, null for weft's own. Throws bad_value, or
   * contradictory_parameter when parameter and header name two.
   */
  of(facts: DialectFacts): Dialect | null {
    const { query, dialect: header } = facts;
    const mentioned = query.includes(DIALECT_PARAMETER);
    if (!mentioned && header === '') return this.#default;
    // Encoded spellings of the parameter's name are not looked for: the route refuses them.
    const params = new QueryParams(mentioned ? query : '', {
      names: [DIALECT_PARAMETER],
      ignoreUnknown: true,
    });
    const named = params.choice(DIALECT_PARAMETER, NAMES);
    const sent = header === '' ? undefined : NAMES.find((name) => name === header);
    if (header !== '' && sent === undefined) {
      throw new WeftError('bad_value', `Header X-Dialect must be one of ${NAMES.join(', ')}.`);
    }
    if (named !== undefined && sent !== undefined && named !== sent) {
      throw new WeftError('contradictory_parameter', "Parameter 'dialect' and header X-Dialect differ.");
    }
    const chosen = named ?? sent;
    if (chosen === undefined) return this.#default;
    return chosen === 'none' ? null : chosen;
  }
}
