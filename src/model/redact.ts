/**
 * Removes secrets from whatever leaves the process for people to read: logs, /stats, error texts.
 *
 * Two nets: shapes that are secrets wherever they stand (a user name and password in a URL, a
 * token in a query, an Authorization header), and the very values the configuration resolved.
 */

export const REDACTED = '[redacted]';

/** Shorter values would blank out half of every line and protect nothing. */
const SECRET_LENGTH_MIN = 4;
/** Longer strings are cut: a log line is no place for a body. */
const TEXT_LENGTH_MAX = 8192;
/** What is searched at all. The cut to TEXT_LENGTH_MAX comes after the search: it must not halve a secret. */
const SEARCHED_LENGTH_MAX = 1024 * 1024;

const SECRET_NAME =
  /authorization|cookie|token|secret|passw|api[-_]?key|access[-_]?key|private[-_]?key|credential/i;
// Every repetition before a fixed word is bounded: unbounded ones take the square of a long text's length.
// Greedy up to the last '@' before a slash: passwords may contain '@'.
const URL_USERINFO = /\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#]+@/gi;
const QUERY_SECRET =
  /([?&;][\w.-]{0,40}(?:token|secret|passw|pwd|api[-_]?key|access[-_]?key|auth|signature|credential|session)[\w.-]{0,40}=)[^&;#\s"']*/gi;
const AUTH_HEADER = /(authorization["']?\s{0,4}[:=]\s{0,4}["']?)(?:\w{1,20}\s{1,4})?[^\s"',;]+/gi;
const BEARER = /\b(bearer\s{1,4})[A-Za-z0-9._~+/=-]+/gi;

/** True for the name of a field or header whose value must not be shown. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** Costs a few regular expressions per string. */
export class Redactor {
  #secrets: readonly string[] = [];

  /** `secrets`: values that must not appear anywhere, in any surrounding. */
  constructor(secrets: readonly string[] = []) {
    this.learn(secrets);
  }

  /** More of them. What was a secret once stays one: it may still be valid elsewhere. */
  learn(secrets: readonly string[]): void {
    const known = new Set([...this.#secrets, ...secrets.filter(({ length }) => length >= SECRET_LENGTH_MIN)]);
    // Longest first: a secret that contains another must not leave its rest behind.
    this.#secrets = [...known].sort((a, b) => b.length - a.length);
  }

  /** `text` without secrets, cut at 8,192 characters. */
  text(text: string): string {
    let clean = text.slice(0, SEARCHED_LENGTH_MAX);
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, REDACTED);
    clean = clean
      .replace(URL_USERINFO, `$1${REDACTED}@`)
      .replace(QUERY_SECRET, `$1${REDACTED}`)
      .replace(AUTH_HEADER, `$1${REDACTED}`)
      .replace(BEARER, `$1${REDACTED}`);
    return clean.length > TEXT_LENGTH_MAX ? `${clean.slice(0, TEXT_LENGTH_MAX)}…` : clean;
  }
}
