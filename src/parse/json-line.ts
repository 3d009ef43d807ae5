/**
 * One line of NDJSON: a flat object. Read by hand, because what matters here is lost elsewhere:
 * JSON.parse rounds integers; objects forget the order of keys like "1", take `__proto__` for
 * something else and let equal duplicates pass.
 */

const QUOTE = 34;
const BACKSLASH = 92;
/** JSON's numbers, sticky: no plus, no leading zero or point. */
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;
const BLANK = /[ \t\r]*/y;
const LONE_SURROGATE = /\p{Surrogate}/u;
/** What no CSV cell may hold; tab and line breaks may, but not as they are in JSON. */
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f]/;
const RAW_CONTROL = /[\x00-\x1f]/;
const SHOWN_CHARS_MAX = 32;

/** Why a line is refused: reads on behind "cannot read line 7: ". */
export class LineFault extends Error {
  /** The key of the member that is wrong, where it is one. */
  readonly column: string | null;

  constructor(what: string, column: string | null = null) {
    super(what);
    this.column = column;
  }
}

/** Takes each member in its order: a number as it stands, `true` and `false` as text, null as ''. */
export type TakeMember = (key: string, value: string) => void;

export class JsonLine {
  #text = '';
  #at = 0;

  /** Throws LineFault. Duplicate keys are the caller's to find. */
  read(text: string, take: TakeMember): void {
    this.#text = text;
    this.#at = 0;
    if (this.#next() !== '{') throw new LineFault(`a JSON object is expected, not ${this.#here()}`);
    this.#at++;
    if (this.#next() === '}') this.#at++;
    else this.#members(take);
    if (this.#next() !== '')
      throw new LineFault(`only one object may stand in a line, not also ${this.#here()}`);
  }

  #members(take: TakeMember): void {
    for (;;) {
      if (this.#next() !== '"') throw new LineFault(`a key in quotes is expected, not ${this.#here()}`);
      const key = this.#string(null);
      if (this.#next() !== ':') throw new LineFault(`':' is expected, not ${this.#here()}`, key);
      this.#at++;
      take(key, this.#value(key));
      const next = this.#next();
      if (next !== ',' && next !== '}')
        throw new LineFault(`',' or '}' is expected, not ${this.#here()}`, key);
      this.#at++;
      if (next === '}') return;
    }
  }

  #value(key: string): string {
    const next = this.#next();
    if (next === '"') return this.#string(key);
    if (next === '{' || next === '[') {
      throw new LineFault('a value is nested; numbers, text, true, false and null are taken', key);
    }
    const number = this.#match(NUMBER);
    if (number !== '') return number;
    const word = this.#match(WORD);
    if (word === '') throw new LineFault(`a value is expected, not ${this.#here()}`, key);
    return word === 'null' ? '' : word;
  }

  /** The string that begins here. `key`: whose value it is, null for a key itself. */
  #string(key: string | null): string {
    const text = this.#text;
    const start = this.#at;
    let escaped = false;
    let p = start + 1;
    for (; ; p++) {
      const code = text.charCodeAt(p);
      if (code === QUOTE) break;
      if (Number.isNaN(code)) throw new LineFault('a quote is not closed', key);
      if (code !== BACKSLASH) continue;
      escaped = true;
      p++;
    }
    this.#at = p + 1;
    const raw = text.slice(start + 1, p);
    const value = escaped ? unescaped(text.slice(start, p + 1), key) : raw;
    if ((escaped ? CONTROL : RAW_CONTROL).test(value)) {
      throw new LineFault('a control character stands in text', key);
    }
    return value;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  /** The character behind blanks; empty at the end. */
  #next(): string {
    BLANK.lastIndex = this.#at;
    BLANK.exec(this.#text);
    this.#at = BLANK.lastIndex;
    return this.#text.charAt(this.#at);
  }

  /** What stands here, for a message. */
  #here(): string {
    const rest = this.#text.slice(this.#at, this.#at + SHOWN_CHARS_MAX).replaceAll(/[^\x20-\x7e]/g, '?');
    return rest === '' ? 'the end of the line' : `'${rest}'`;
  }
}

function unescaped(token: string, key: string | null): string {
  let value: string;
  try {
    value = JSON.parse(token) as string;
  } catch {
    throw new LineFault('text holds an escape that JSON does not know', key);
  }
  if (LONE_SURROGATE.test(value)) throw new LineFault('text holds half of a surrogate pair', key);
  return value;
}
