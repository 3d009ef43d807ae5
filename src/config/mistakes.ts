/** Collects what is wrong with a configuration, one line per mistake. */

import { Redactor } from '../model/redact.js';

const SHOWN_LENGTH_MAX = 80;
const MISTAKES_MAX = 200;
const redactor = new Redactor();

/** A value as a mistake quotes it: one line, cut, without secrets. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a mapping';
  // Numbers as they are: JSON would show .nan and .inf of YAML as null.
  const text =
    typeof value === 'string' ? JSON.stringify(redactor.text(value)) : `${value as number | boolean}`;
  return text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text;
}

export class Mistakes {
  readonly #lines = new Set<string>();
  #more = 0;

  /** `where`: a flag, an environment variable or a path in the file. */
  add(where: string, problem: string): void {
    // A line break in a name must not forge a second line.
    const line = `${where}: ${problem}`.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ');
    if (this.#lines.has(line)) return;
    if (this.#lines.size < MISTAKES_MAX) this.#lines.add(line);
    else this.#more += 1;
  }

  /** The usual mistake: a value that is not of the allowed form. */
  value(where: string, value: unknown, allowed: string): void {
    this.add(where, `${show(value)} is not allowed, allowed: ${allowed}`);
  }

  get empty(): boolean {
    return this.#lines.size === 0;
  }

  /** At most 200 lines; a last one says how many more there are. */
  get lines(): readonly string[] {
    return this.#more === 0 ? [...this.#lines] : [...this.#lines, `and ${this.#more} more mistakes`];
  }
}
