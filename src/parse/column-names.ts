/** What the columns of a body are called in the table: `rename`, `drop` and `duplicate_columns`. */
import { matchesGlob } from '../model/glob.js';
import type { ParsePolicy } from '../model/parse-policy.js';
import { ParseStop } from './failure.js';
import { quoted } from './header-names.js';

export interface ColumnNames {
  /** Names that `text`, `units`, `rename` and `drop` of the policy go by. */
  readonly raw: readonly string[];
  /** Name in the table, '' for a column that is left out. */
  readonly table: readonly string[];
}

/**
 * Names for the columns of a header. `unnamed`: columns that are no fields (a single key, the time), which
 * are neither renamed nor dropped. Throws ParseStop `schema` under `duplicate_columns: reject`.
 */
export function columnNames(
  header: readonly string[],
  unnamed: readonly number[],
  policy: ParsePolicy,
): ColumnNames {
  // Where later columns of a name become name_2, the configuration can tell them apart by that.
  const raw = policy.duplicateColumns === 'suffix' ? suffixed(header) : header;
  const drops = dropMatcher(policy.drop);
  const wanted = raw.map((name, column) => {
    if (unnamed.includes(column)) return name;
    if (drops(name)) return '';
    return Object.hasOwn(policy.rename, name) ? policy.rename[name]! : name;
  });
  if (policy.duplicateColumns === 'reject') refuseRepeated(header, wanted);
  return { raw, table: suffixed(wanted) };
}

function refuseRepeated(header: readonly string[], names: readonly string[]): void {
  const first = new Map<string, number>();
  names.forEach((name, column) => {
    const before = first.get(name);
    first.set(name, before ?? column);
    if (name === '' || before === undefined) return;
    const renamed = header[column] !== name || header[before] !== name ? ' (by `rename`)' : '';
    throw new ParseStop(
      'schema',
      `cannot use the header: columns ${before + 1} and ${column + 1} are both named ${quoted(name)}${renamed}; ` +
        '`duplicate_columns: suffix` renames the later ones',
      { line: 1, column: name },
    );
  });
}

/** Later ones of a name become `name_2`, `name_3`. */
function suffixed(names: readonly string[]): string[] {
  const taken = new Set(names);
  const seen = new Set<string>();
  return names.map((name) => {
    if (name === '' || !seen.has(name)) {
      seen.add(name);
      return name;
    }
    let count = 2;
    while (taken.has(`${name}_${count}`)) count++;
    const unique = `${name}_${count}`;
    taken.add(unique);
    return unique;
  });
}

function dropMatcher(patterns: readonly string[]): (name: string) => boolean {
  const exact: ReadonlySet<string> = new Set(patterns);
  const globs = patterns.filter((pattern) => /[*?]/.test(pattern));
  return (name) => exact.has(name) || globs.some((glob) => matchesGlob(name, glob));
}
