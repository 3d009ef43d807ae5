import { describe, expect, it } from 'vitest';
import type { Table } from '../../../src/fabric/table.js';
import { AVAILABLE_NAMES_MAX, SELECTOR_ITEMS_MAX } from '../../../src/model/limits.js';
import { ALL_ROWS, visitSlice, type Slice } from '../../../src/query/slice.js';
import {
  exactRows,
  formatRows,
  parseNames,
  parsePatterns,
  parseRows,
  resolveColumns,
  rowFilter,
} from '../../../src/query/selector.js';
import { row, TableFixture, tableOf } from '../../fixtures/tables.js';

const BY_KEY: Slice = { ...ALL_ROWS, sort: [{ field: '@key', descending: false }] };

const IDS = ['sw-1', 'sw-10', 'sw-2', 'leaf-1', 'sw-', 'üx', 'a,b', 'a*', 'b\\'];
const table = tableOf(IDS.map((id, i) => row(id, { cpu: i })));

/** Keys of the rows that a list selects, in the order in which they come. */
function select(text: string, of: Table = table, offset = 0, limit: number | null = null): string[] {
  const keys: string[] = [];
  visitSlice(of, { ...ALL_ROWS, rows: parseRows(text, 'switches'), offset, limit }, (p, s) =>
    keys.push(of.keyText(p, s)),
  );
  return keys;
}

describe('row patterns', () => {
  it('selects whole keys, prefixes and both, in the order of the table', () => {
    expect(select('sw-2,sw-1')).toEqual(['sw-1', 'sw-2']);
    expect(select('leaf-1,sw-2')).toEqual(['sw-2', 'leaf-1']);
    expect(select('sw-1*')).toEqual(['sw-1', 'sw-10']);
    expect(select('leaf-1,sw-1*,sw-10')).toEqual(['sw-1', 'sw-10', 'leaf-1']);
    expect(select('*')).toEqual(IDS);
    expect(select('*,sw-1')).toEqual(IDS);
    expect(select('ü*')).toEqual(['üx']);
    expect(select('nothing*')).toEqual([]);
    expect(select('sw-*,sw-1*,s*')).toEqual(['sw-1', 'sw-10', 'sw-2', 'sw-']);
  });

  it('takes escapes for characters that mean something', () => {
    expect(select('a\\,b')).toEqual(['a,b']);
    expect(select('a\\*')).toEqual(['a*']);
    expect(select('a*')).toEqual(['a,b', 'a*']);
    expect(select('b\\\\')).toEqual(['b\\']);
  });

  it.each(['', 'a,', ',a', 'a,,b', '*a', 'a*b', 'a**'])('refuses %j', (text) => {
    expect(() => parseRows(text, 'switches')).toThrowError(/switches/);
  });

  it('takes as many items as the limit says and no more', () => {
    const items = Array.from({ length: SELECTOR_ITEMS_MAX }, (_, i) => `k${i}`);
    expect(parsePatterns(items, 'switches')?.exact.length).toBe(SELECTOR_ITEMS_MAX);
    expect(() => parsePatterns([...items, 'x'], 'switches')).toThrowError(String(SELECTOR_ITEMS_MAX));
  });

  it('has one text for equal selections', () => {
    const text = (list: string): string => formatRows(parseRows(list, 'switches'));
    expect(text('b,a,b,c*')).toBe('a,b,c*');
    expect(text('c*,a,b')).toBe('a,b,c*');
    expect(text('a,*')).toBe('*');
  });

  it('pages through a selection and counts all of it', () => {
    expect(select('*', table, 2, 3)).toEqual(IDS.slice(2, 5));
    expect(select('sw-*', table, 1, 2)).toEqual(['sw-10', 'sw-2']);
    expect(select('*', table, 100, 5)).toEqual([]);
    const total = (list: string, limit: number | null): number =>
      visitSlice(table, { ...ALL_ROWS, rows: parseRows(list, 'switches'), offset: 1, limit }, () => {});
    expect(total('*', 2)).toBe(IDS.length);
    expect(total('sw-*', 1)).toBe(4);
    expect(total('sw-1,leaf-1', 1)).toBe(2);
  });

  it('finds the whole keys that a row has, and skips rows that vanished', () => {
    const fixture = new TableFixture();
    fixture.publish('s1', [row('a', { x: 1 }), row('b', { x: 2 })]);
    const later = fixture.publish('s1', [row('b', { x: 3 })]);
    expect(exactRows(later, parseRows('a,b,c', 'switches'))).toEqual([{ part: 0, slot: 1 }]);
    expect(select('a*', later)).toEqual([]);
  });
});

describe('rows of several sources', () => {
  const fixture = new TableFixture({ sources: ['a', 'b'] });
  const nowMs = fixture.clock.nowMs();
  fixture.publish('a', [row('x', { v: 1 }), row('y', { v: 2 }), row('w', { v: 0 })], { dataTsMs: nowMs });
  const merged = fixture.publish('b', [row('z', { v: 3 }), row('y', { v: 4 })], { dataTsMs: nowMs + 5 });

  it('come once, from the newest, where the first part has them', () => {
    const rows: string[] = [];
    visitSlice(merged, ALL_ROWS, (p, s) => rows.push(`${merged.keyText(p, s)}@${p}`));
    expect(rows).toEqual(['x@0', 'y@1', 'w@0', 'z@1']);
  });

  it('keep that order when named, and are admitted through either part', () => {
    const rows: string[] = [];
    const selector = parseRows('z,y,x', 'switches');
    visitSlice(merged, { ...ALL_ROWS, rows: selector }, (p, s) => rows.push(`${merged.keyText(p, s)}@${p}`));
    expect(rows).toEqual(['x@0', 'y@1', 'z@1']);
    const filter = rowFilter(merged, selector);
    expect(filter!(0, 1)).toBe(true);
    expect(filter!(1, 1)).toBe(true);
    expect(filter!(0, 2)).toBe(false);
  });

  it('are sorted by key when asked, each once', () => {
    const rows: string[] = [];
    const total = visitSlice(merged, { ...BY_KEY, offset: 1, limit: 2 }, (p, s) =>
      rows.push(merged.keyText(p, s)),
    );
    expect(rows).toEqual(['x', 'y']);
    expect(total).toBe(4);
  });
});

describe('rows by key', () => {
  it('stand in the order of their bytes, and follow rows that come and go', () => {
    const fixture = new TableFixture();
    const keys = (of: Table): string[] => {
      const found: string[] = [];
      visitSlice(of, BY_KEY, (p, s) => found.push(of.keyText(p, s)));
      return found;
    };
    const ids = ['b', 'a', 'aa', 'ü', '😀', 'B', '\uffee'];
    const byBytes = (list: string[]): string[] =>
      [...list].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
    expect(
      keys(
        fixture.publish(
          's1',
          ids.map((id) => row(id, { x: 1 })),
        ),
      ),
    ).toEqual(byBytes(ids));
    const fewer = fixture.publish('s1', [row('aa', { x: 1 }), row('ab', { x: 1 })]);
    expect(keys(fewer)).toEqual(['aa', 'ab']);
  });
});

describe('columns', () => {
  it('resolve in the order asked for', () => {
    const wide = tableOf([row('a', { x: 1, y: 2, z: 3 })]);
    expect(resolveColumns(wide, ['z', 'x'])).toEqual([2, 0]);
    expect(resolveColumns(wide, null)).toEqual([0, 1, 2]);
  });

  it('name what is unknown, and what there is', () => {
    const wide = tableOf([row('a', { x: 1, y: 2 })]);
    expect(() => resolveColumns(wide, ['x', 'cpu'])).toThrowError(
      "Unknown metric 'cpu'. Available: ['x', 'y']",
    );
    expect(() => resolveColumns(wide, ['__proto__'])).toThrowError(/Unknown metric/);
  });

  it('list no more than the limit', () => {
    const cells = Object.fromEntries(Array.from({ length: AVAILABLE_NAMES_MAX + 7 }, (_, i) => [`m${i}`, i]));
    const message = (): string => {
      try {
        resolveColumns(tableOf([row('a', cells)]), ['x']);
        return '';
      } catch (error) {
        return String(error);
      }
    };
    expect(message().match(/'m\d+'/g)?.length).toBe(AVAILABLE_NAMES_MAX);
    expect(message()).toContain('and 7 more');
  });

  it('may not be named twice, nor be empty', () => {
    expect(parseNames('b,a', 'metrics')).toEqual(['b', 'a']);
    expect(() => parseNames('a,b,a', 'metrics')).toThrowError(
      expect.objectContaining({ code: 'duplicate_parameter' }),
    );
    expect(() => parseNames('a,,b', 'metrics')).toThrowError(expect.objectContaining({ code: 'bad_value' }));
  });
});
