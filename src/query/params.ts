/**
 * The query string and path segments, decoded exactly once and strictly: what is not understood is
 * refused by name, nothing is guessed. The server hands over the raw text; the library's own
 * decoding is lenient and changes its buffer.
 */
import { WeftError } from '../model/errors.js';
import { shown } from './echo.js';

/** Spellings of one parameter. A route lists the first; the others are accepted with it. */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ['switch', 'switch_id'],
  ['switchId', 'switch_id'],
  ['metric_name', 'metric'],
]);

const CONTROL = /[\u0000-\u001f\u007f]/;
const INTEGER = /^-?\d{1,400}(?:[eE]\+?\d{1,3})?$/;

/** One component, decoded once. `name` is what the error names. Throws bad_encoding. */
function decode(raw: string, name: string): string {
  let text: string;
  try {
    text = decodeURIComponent(raw);
  } catch {
    throw new WeftError('bad_encoding', `cannot decode ${name}: its percent-encoding is not valid UTF-8`);
  }
  // The socket's reader has put U+FFFD where the raw bytes were no UTF-8; an encoded one is legal.
  if (raw.includes('\ufffd')) throw new WeftError('bad_encoding', `cannot decode ${name}: it is not UTF-8`);
  if (CONTROL.test(text)) {
    throw new WeftError('bad_encoding', `cannot accept ${name}: it holds a control character`);
  }
  return text;
}

/** A path segment such as a switch id. `name` says what it stands for. Throws bad_encoding. */
export function decodePathSegment(raw: string, name: string): string {
  return decode(raw, `${name} in the path`);
}

/** What a route takes. */
export interface QueryRules {
  /** Canonical names; synonyms come with them. */
  readonly names: readonly string[];
  /** Under a dialect parameters that are not listed are ignored, as the earlier systems did. */
  readonly ignoreUnknown: boolean;
}

/** The parameters of one request, each at most once, under their canonical names. */
export class QueryParams {
  readonly #values = new Map<string, string>();
  readonly #spellings = new Map<string, string>();

  /**
   * Throws bad_encoding, duplicate_parameter, contradictory_parameter (two spellings, two values)
   * or unknown_parameter, naming the parameter.
   */
  constructor(raw: string, rules: QueryRules) {
    if (raw === '') return;
    for (const piece of raw.split('&')) {
      if (piece !== '') this.#take(piece, rules);
    }
  }

  #take(piece: string, rules: QueryRules): void {
    const equals = piece.indexOf('=');
    const rawName = equals < 0 ? piece : piece.slice(0, equals);
    const rawValue = equals < 0 ? '' : piece.slice(equals + 1);
    const spelling = decode(rawName.replaceAll('+', ' '), 'the name of a parameter');
    const name = SYNONYMS.get(spelling) ?? spelling;
    if (!rules.names.includes(name)) {
      if (rules.ignoreUnknown) return;
      const known = rules.names.length === 0 ? 'this path takes none' : `known are ${rules.names.join(', ')}`;
      throw new WeftError('unknown_parameter', `Unknown parameter ${shown(spelling)}: ${known}.`);
    }
    const value = decode(rawValue.replaceAll('+', ' '), `parameter ${shown(spelling)}`);
    if (this.#spellings.has(spelling)) {
      throw new WeftError('duplicate_parameter', `Parameter ${shown(spelling)} is given twice.`);
    }
    const before = this.#values.get(name);
    if (before !== undefined && before !== value) {
      const others = [...this.#spellings].filter(([, meant]) => meant === name).map(([other]) => other);
      throw new WeftError(
        'contradictory_parameter',
        `Parameters ${shown(others[0]!)} and ${shown(spelling)} mean the same and differ.`,
      );
    }
    this.#values.set(name, value);
    this.#spellings.set(spelling, name);
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The value, which must be there and not be empty. Throws missing_parameter. */
  required(name: string): string {
    const value = this.#values.get(name);
    if (value === undefined || value === '') {
      throw new WeftError('missing_parameter', `Missing parameter '${name}'.`);
    }
    return value;
  }

  /** An integer in [min, max]. Throws bad_value (`abc`, `0x10`, `1.5`) or out_of_range (422). */
  integer(name: string, min: number, max: number): number | undefined {
    const text = this.#values.get(name);
    if (text === undefined) return undefined;
    if (!INTEGER.test(text)) {
      throw new WeftError('bad_value', `Parameter '${name}' must be an integer, not ${shown(text)}.`);
    }
    const value = Number(text);
    if (value < min || value > max) {
      throw new WeftError('out_of_range', `Parameter '${name}' must be between ${min} and ${max}.`);
    }
    // '-0' is a zero like any other.
    return value === 0 ? 0 : value;
  }

  /** One of `choices`. Throws bad_value, which lists them. */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.#values.get(name);
    if (text === undefined) return undefined;
    const found = choices.find((choice) => choice === text);
    if (found === undefined) {
      throw new WeftError(
        'bad_value',
        `Parameter '${name}' must be one of ${choices.join(', ')}, not ${shown(text)}.`,
      );
    }
    return found;
  }
}
