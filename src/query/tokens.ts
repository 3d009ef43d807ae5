/**
 * The words of the selector language (`where`, `sort`), and its errors: each names the character
 * where reading stopped, what was expected there and what was found. docs/slices.md has the grammar.
 */
import { WeftError } from '../model/errors.js';
import { RATE_VIEWS, type RateView } from '../model/rates.js';
import { shown } from './echo.js';
import { AGE_FIELD, SOURCE_FIELD, TIMESTAMP_FIELD } from './pseudo-fields.js';

/** The row key, as a field; `switch_id` is the other way to write it. */
export const KEY_FIELD = '@key';
const KEY_WORD = 'switch_id';
const PSEUDO_FIELDS: readonly string[] = [KEY_FIELD, SOURCE_FIELD, TIMESTAMP_FIELD, AGE_FIELD];

const SPACE = /\s/;
/** What ends a bare word. */
const DELIMITER = /[\s(),'"]/;

/** What a query looks at: a stored value, or the delta or rate of a column. */
export interface FieldRef {
  /** A column's name, or `@key`, `@source`, `@timestamp`, `@age_ms`. */
  readonly field: string;
  /** Absent: the value itself. */
  readonly view?: RateView;
}

/** True for the fields that are no columns of a table. */
function isPseudoField(field: string): boolean {
  return PSEUDO_FIELDS.includes(field);
}

/** True when the text can stand as a bare word. */
export function isWord(text: string): boolean {
  return text !== '' && !DELIMITER.test(text);
}

/** A field as the language writes it: a bare word, or in double quotes. */
function formatField(field: string): string {
  if (field === KEY_FIELD) return KEY_WORD;
  if (isPseudoField(field)) return field;
  const bare = isWord(field) && field !== KEY_WORD && !/^[-@]/.test(field);
  return bare ? field : `"${field.replaceAll('"', '""')}"`;
}

/** The same of a field that may be a delta or a rate: `rate(rx_bytes)`. */
export function formatRef({ field, view }: FieldRef): string {
  return view === undefined ? formatField(field) : `${view}(${formatField(field)})`;
}

/** Reads one text from its beginning to its end. */
export class Tokens {
  readonly #text: string;
  readonly #name: string;
  #at = 0;

  /** `name`: the parameter, for errors. */
  constructor(text: string, name: string) {
    this.#text = text;
    this.#name = name;
  }

  /** Index of the next character that is no space. */
  get at(): number {
    while (this.#at < this.#text.length && SPACE.test(this.#text[this.#at]!)) this.#at++;
    return this.#at;
  }

  get atEnd(): boolean {
    return this.at >= this.#text.length;
  }

  /** The error bad_value of what stands at `index`, by default the next word. */
  error(expected: string, index = this.at): WeftError {
    return this.fault(`expected ${expected}, found ${this.#pieceAt(index)}`, index);
  }

  /** The error bad_value that says `what` of the character at `index`. */
  fault(what: string, index: number): WeftError {
    // Counted as people count: a character beyond the first plane is one.
    const position = [...this.#text.slice(0, index)].length + 1;
    return new WeftError('bad_value', `cannot read '${this.#name}' at character ${position}: ${what}`);
  }

  #pieceAt(index: number): string {
    if (index >= this.#text.length) return 'the end';
    const first = String.fromCodePoint(this.#text.codePointAt(index)!);
    if (DELIMITER.test(first)) return shown(first);
    return shown(this.#text.slice(index, this.#wordEnd(index)));
  }

  #wordEnd(from: number): number {
    let end = from;
    while (end < this.#text.length && !DELIMITER.test(this.#text[end]!)) end++;
    return end;
  }

  /** The next bare word without taking it; empty at a delimiter or the end. */
  peekWord(): string {
    return this.#text.slice(this.at, this.#wordEnd(this.at));
  }

  /** Takes the next bare word, which `peekWord` told. */
  word(): string {
    const word = this.peekWord();
    this.#at += word.length;
    return word;
  }

  /** Takes one character when it is the next. */
  take(character: string): boolean {
    if (this.#text[this.at] !== character) return false;
    this.#at++;
    return true;
  }

  /** Text between quotes, a doubled quote standing for one; undefined when no such quote is next. */
  quoted(quote: '"' | "'"): string | undefined {
    const start = this.at;
    if (!this.take(quote)) return undefined;
    let text = '';
    for (;;) {
      const end = this.#text.indexOf(quote, this.#at);
      if (end < 0) throw this.fault(`the text in ${quote} is not closed`, start);
      text += this.#text.slice(this.#at, end);
      this.#at = end + 1;
      if (this.#text[this.#at] !== quote) return text;
      text += quote;
      this.#at++;
    }
  }

  /** A field, or `delta(column)` or `rate(column)`: the bracket follows at once. */
  ref(): FieldRef {
    const view = RATE_VIEWS.find(
      (one) => this.peekWord() === one && this.#text[this.at + one.length] === '(',
    );
    if (view === undefined) return { field: this.field() };
    this.word();
    this.take('(');
    const start = this.at;
    const field = this.field();
    if (isPseudoField(field)) throw this.error('a column name', start);
    if (!this.take(')')) throw this.error("')' after the column");
    return { field, view };
  }

  /** A column name, the row key, or a pseudo-column. */
  field(): string {
    const start = this.at;
    const quoted = this.quoted('"');
    if (quoted === '') throw this.fault('a column name is empty', start);
    if (quoted !== undefined) return quoted;
    const word = this.word();
    if (word === '') throw this.error('a column name');
    if (word === KEY_WORD) return KEY_FIELD;
    if (word.startsWith('@') && !isPseudoField(word)) {
      throw this.error(`a column name or one of ${PSEUDO_FIELDS.join(', ')}`, start);
    }
    return word;
  }
}
