/** The list of faults and the suite, compared line by line. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findRepoRoot } from '../../scripts/tidy/repo.js';
import type { FaultSection } from './row.js';
import { CORE_ROWS } from './rows-core.js';
import { HTTP_ROWS } from './rows-http.js';
import { LIFECYCLE_ROWS } from './rows-lifecycle.js';
import { LIVE_ROWS } from './rows-live.js';
import { SECURITY_ROWS } from './rows-security.js';
import { UPSTREAM_ROWS } from './rows-upstream.js';

/** Letter and number of rows of each section. */
const SECTIONS: readonly (readonly [letter: string, rows: number, section: FaultSection])[] = [
  ['U', 25, UPSTREAM_ROWS],
  ['C', 13, CORE_ROWS],
  ['H', 23, HTTP_ROWS],
  ['W', 10, LIVE_ROWS],
  ['L', 12, LIFECYCLE_ROWS],
  ['S', 9, SECURITY_ROWS],
];
const STARS = 60;

const rows = SECTIONS.flatMap(([, , section]) => section.rows);
const folder = join(findRepoRoot(), 'test');

/** Every string literal that begins with the id of a row: names of tests, and of their cases. */
const NAMED = /['"`]([UCHWLS]-\d\d)(?!\d)/g;

/** Which rows the tests of each file are named after. */
function namedRows(): ReadonlyMap<string, ReadonlySet<string>> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const tests = files.filter((file) => file.endsWith('.test.ts'));
  return new Map(
    tests.map((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      return [file.replaceAll('\\', '/'), new Set([...text.matchAll(NAMED)].map(([, id]) => id!))];
    }),
  );
}

const named = namedRows();

describe('the index of faults', () => {
  test('has every row once, in order, with a title of its own', () => {
    const expected = SECTIONS.flatMap(([letter, count]) =>
      Array.from({ length: count }, (_, i) => `${letter}-${String(i + 1).padStart(2, '0')}`),
    );
    expect(rows.map(({ id }) => id)).toEqual(expected);
    expect(rows.filter(({ starred }) => starred)).toHaveLength(STARS);
    expect(new Set(rows.map(({ title }) => title)).size).toBe(rows.length);
  });

  test.each(rows.filter(({ tests }) => tests))('$id: $title', ({ id, tests = [] }) => {
    expect(tests.length).toBeGreaterThan(0);
    for (const file of tests) expect([file, named.get(file)?.has(id)]).toEqual([file, true]);
  });

  test('names every test that is named after a row', () => {
    const said = new Set(rows.flatMap(({ id, tests = [] }) => tests.map((file) => `${id} in ${file}`)));
    const found = [...named].flatMap(([file, ids]) => [...ids].map((id) => `${id} in ${file}`));
    expect(found.filter((one) => !said.has(one))).toEqual([]);
  });

  test.each(SECTIONS)('%s: no more rows are open than it says', (_letter, _count, section) => {
    const missing = section.rows.filter(({ open }) => open !== undefined);
    if (missing.length > 0) {
      const lines = missing.map(({ id, title, open }) => `  ${id} ${title}: ${open}`);
      console.log([`${missing.length} of ${section.rows.length} rows are open`, ...lines].join('\n'));
    }
    for (const { open } of missing) expect(open).not.toBe('');
    expect(missing).toHaveLength(section.open);
  });
});

const list = join(findRepoRoot(), '..', 'shared', 'FAULTS.md');

describe.skipIf(!existsSync(list))('the list that the index follows (needs ../shared/FAULTS.md)', () => {
  test('has the same rows and stars', () => {
    const text = existsSync(list) ? readFileSync(list, 'utf8') : '';
    const theirs = [...text.matchAll(/^\| (?:\*\*)?([UCHWLS]-\d\d)( ★)?(?:\*\*)? \|/gm)];
    expect(theirs.map(([, id, star]) => [id, star !== undefined])).toEqual(
      rows.map(({ id, starred }) => [id, starred]),
    );
  });
});
