/**
 * Row filters: `port_state eq Active and symbol_errors gt 0 and switch_id prefix sw-0`.
 *
 * A filter is a list of clauses, all of which must hold. A missing cell satisfies no clause but
 * `is null`: neither `ne` nor `not in`. docs/slices.md has the grammar and what values compare as.
 */
import { WeftError } from '../model/errors.js';
import {
  GLOB_CHARACTERS_MAX,
  WHERE_CHARACTERS_MAX,
  WHERE_CLAUSES_MAX,
  WHERE_VALUES_MAX,
} from '../model/limits.js';
import type { RowFilter } from '../fabric/changes.js';
import type { Table } from '../fabric/table.js';
import type { Clause, Operator, Value } from './clause-types.js';
import { compileClause } from './clause.js';
import { isNumber } from './decimal.js';
import { formatRef, isWord, Tokens } from './tokens.js';

/** Plain data that crosses threads. Not empty. */
export interface Where {
  readonly clauses: readonly Clause[];
}

const COMPARISONS: ReadonlySet<string> = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'prefix', 'glob']);
const OPERATORS = 'an operator (eq, ne, lt, le, gt, ge, prefix, glob, in, not in, is null, is not null)';
/** A value that would read as the end of its clause. */
const AND = 'and';

function tooMany(name: string, what: string, count: number, limit: number): WeftError {
  return new WeftError('too_large', `Parameter '${name}' has ${count} ${what}, the limit is ${limit}.`);
}

function valueOf(tokens: Tokens): Value {
  const quoted = tokens.quoted("'");
  if (quoted !== undefined) return { text: quoted, number: false };
  const start = tokens.at;
  const word = tokens.word();
  if (word === '' || word === AND) throw tokens.error("a value (text with spaces stands in '...')", start);
  return { text: word, number: isNumber(word) };
}

function listOf(tokens: Tokens, name: string): Value[] {
  if (!tokens.take('(')) throw tokens.error("'(' before the values of 'in'");
  const values = [valueOf(tokens)];
  while (!tokens.take(')')) {
    if (!tokens.take(',')) throw tokens.error("',' or ')'");
    values.push(valueOf(tokens));
  }
  if (values.length > WHERE_VALUES_MAX) {
    throw tooMany(name, "values in one 'in'", values.length, WHERE_VALUES_MAX);
  }
  return values;
}

function clauseOf(tokens: Tokens, name: string): Clause {
  const ref = tokens.ref();
  const start = tokens.at;
  const operator = tokens.word();
  if (COMPARISONS.has(operator)) {
    const valueStart = tokens.at;
    const value = valueOf(tokens);
    if (operator === 'glob' && value.text.length > GLOB_CHARACTERS_MAX) {
      const why = `a glob pattern has ${value.text.length} characters, the limit is ${GLOB_CHARACTERS_MAX}`;
      throw tokens.fault(why, valueStart);
    }
    return { ...ref, operator: operator as Operator, values: [value] };
  }
  if (operator === 'in') return { ...ref, operator: 'in', values: listOf(tokens, name) };
  if (operator === 'not') {
    if (tokens.peekWord() !== 'in') throw tokens.error("'in' after 'not'");
    tokens.word();
    return { ...ref, operator: 'not in', values: listOf(tokens, name) };
  }
  if (operator !== 'is') throw tokens.error(OPERATORS, start);
  const negated = tokens.peekWord() === 'not';
  if (negated) tokens.word();
  if (tokens.peekWord() !== 'null') throw tokens.error(negated ? "'null'" : "'null' or 'not null'");
  tokens.word();
  return { ...ref, operator: negated ? 'is not null' : 'is null', values: [] };
}

/**
 * Reads a filter. `name` is the parameter, for errors. Throws bad_value, which names the character
 * where reading stopped, or too_large. Whether its columns exist, `compileWhere` says.
 */
export function parseWhere(text: string, name: string): Where {
  if (text.length > WHERE_CHARACTERS_MAX) {
    throw tooMany(name, 'characters', text.length, WHERE_CHARACTERS_MAX);
  }
  const tokens = new Tokens(text, name);
  const clauses = [clauseOf(tokens, name)];
  while (!tokens.atEnd) {
    if (tokens.peekWord() !== AND) throw tokens.error("'and' or the end");
    tokens.word();
    clauses.push(clauseOf(tokens, name));
  }
  if (clauses.length > WHERE_CLAUSES_MAX) {
    throw tooMany(name, 'comparisons', clauses.length, WHERE_CLAUSES_MAX);
  }
  return { clauses };
}

function formatValue({ text, number }: Value): string {
  const bare = number || (isWord(text) && text !== AND && !isNumber(text));
  return bare ? text : `'${text.replaceAll("'", "''")}'`;
}

function formatClause(clause: Clause): string {
  const { operator, values } = clause;
  const start = `${formatRef(clause)} ${operator}`;
  if (values.length === 0) return start;
  const texts = values.map(formatValue);
  const list = operator === 'in' || operator === 'not in';
  return list ? `${start} (${texts.join(',')})` : `${start} ${texts[0]!}`;
}

/** Canonical text: parseWhere of it gives an equal filter. */
export function formatWhere(where: Where): string {
  return where.clauses.map(formatClause).join(` ${AND} `);
}

/**
 * The filter over one table. `agesMs`: age of each part's data, for `@age_ms`; a filter by age
 * where there is none is refused. Throws unknown_metric for a column that does not exist and
 * bad_value for a comparison that its column's kind does not have.
 */
export function compileWhere(table: Table, where: Where, agesMs?: readonly number[]): RowFilter {
  const clauses = where.clauses.map((clause) => compileClause(table, clause, agesMs));
  const tests = table.parts.map((_, part) => clauses.map((testOf) => testOf(part)));
  return (part, slot) => {
    const own = tests[part]!;
    for (let i = 0; i < own.length; i++) if (!own[i]!(slot)) return false;
    return true;
  };
}
