/**
 * Text that stands where it stood before takes a short cut through the scanner. Two bodies are read
 * into one segment; the second must give the table that it gives on its own.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sizeSegment } from '../../src/fabric/sizing.js';
import { FreeList } from '../../src/snapshot/free-list.js';
import { Segment } from '../../src/snapshot/segment.js';
import { fillSegment } from '../fixtures/filled-segment.js';
import { bytesOf, parseTable, policyOf } from '../fixtures/parse-table.js';

const free = new FreeList(2 ** 30, () => {});
const policy = policyOf({ missing: ['NA', 'gone'], text: ['c0'], duplicateRows: 'last' });

/** Texts that begin like each other, end in what ends a cell, or mean something to the scanner. */
const text = fc.constantFrom(
  '',
  'Active',
  'Act',
  'Activ',
  'Active2',
  'ActiveActive',
  ' Active',
  'Active ',
  '"Active"',
  '"Active" ',
  '"Act,ive"',
  '"Act""ive"',
  '"Act\nive"',
  'Act"ive',
  '""',
  '"',
  'NA',
  '"NA"',
  'gone',
  'é',
  'été!',
  '\u00a0x',
  '12',
  '0x0c42a103007ab890',
  '0x0c42a103007ab891',
  'a\tb',
);
const number = fc.constantFrom('0', '1', '17', '-4', '2.5', '', '18446744073709551615');
const eol = fc.constantFrom('\n', '\n', '\n', '\r\n');

interface Line {
  readonly key: string;
  readonly cells: readonly string[];
  readonly eol: string;
}

const line = fc.record({
  key: fc.constantFrom('a', 'b', 'sw-1', 'sw-10', 'sw-2', '"sw-3"'),
  // c0 is text by name, the others by content; the number between breaks the runs.
  cells: fc.tuple(text, text, number, text, text).map((cells) => cells as readonly string[]),
  eol,
});
const before = fc.uniqueArray(line, { minLength: 1, maxLength: 6, selector: (one) => one.key });
/** The next body: cells kept, exchanged and swapped; rows in the same order or another. */
const pair = before.chain((lines) =>
  fc
    .tuple(
      fc.array(fc.array(fc.option(text, { nil: undefined, freq: 2 }), { minLength: 5, maxLength: 5 }), {
        minLength: lines.length,
        maxLength: lines.length,
      }),
      fc.boolean(),
      fc.array(line, { maxLength: 2 }),
      fc.boolean(),
    )
    .map(([changes, turned, more, first]) => {
      const after = lines.map((one, i) => ({
        ...one,
        cells: one.cells.map((cell, c) => (c === 2 ? cell : (changes[i]![c] ?? cell))),
      }));
      if (turned) after.reverse();
      return { first, lines, after: [...after, ...more] };
    }),
);

/** The key column first or last: rows begin, or end, with text. */
function bodyOf(lines: readonly Line[], keyFirst: boolean): Uint8Array {
  const header = ['c0', 'c1', 'n', 'c2', 'c3'];
  const rows = lines.map(
    ({ key, cells, eol: end }) => `${(keyFirst ? [key, ...cells] : [...cells, key]).join(',')}${end}`,
  );
  const names = keyFirst ? ['switch_id', ...header] : [...header, 'switch_id'];
  return bytesOf(Buffer.from(`${names.join(',')}\n${rows.join('')}`, 'utf8'));
}

test('a body read after another gives the table that it gives alone', () => {
  let repeated = 0;
  fc.assert(
    fc.property(pair, ({ lines, after, first }) => {
      const a = bodyOf(lines, first);
      const b = bodyOf(after, first);
      // The kinds of both: what one body cannot show the other may.
      const parsed = [bodyOf([...lines, ...after], first), b].map((body) => parseTable(body, policy));
      const [both, own] = parsed.map((one) => (one.ok ? one.table : null));
      if (!both || !own) return;
      const segment = new Segment(sizeSegment(both.report, both.columns, null, null, 0), free);
      try {
        if (!fillSegment(segment, a, policy).cells) return;
        const filled = fillSegment(segment, b, policy);
        // Tables compare where the segment's kinds are the body's own.
        if (both.columns.some((column, i) => column.kind !== own.columns[i]!.kind)) return;
        repeated++;
        const want = Object.fromEntries([...own.rows].map(([key, row]) => [key, row.cells]));
        expect(filled.cells).toEqual(want);
        expect(filled.report).toEqual(own.report);
      } finally {
        segment.retire();
      }
    }),
    { numRuns: 1500 },
  );
  expect(repeated).toBeGreaterThan(300);
});
