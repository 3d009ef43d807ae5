/**
 * Blocks and rows: the scan kernel reads what the row path reads, to the bit. Bodies are read one after
 * the other into one segment, in blocks so small that their borders are everywhere, and row by row.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sizeSegment } from '../../src/fabric/sizing.js';
import type { ParsePolicy } from '../../src/model/parse-policy.js';
import { SEEN_NEGATIVE, type ColumnSpec } from '../../src/model/schema.js';
import { limitBlocks, type BlockLimits } from '../../src/parse/block.js';
import { FreeList } from '../../src/snapshot/free-list.js';
import { Segment } from '../../src/snapshot/segment.js';
import { fillSegment, type Filled } from '../fixtures/filled-segment.js';
import { bytesOf, parseTable, policyOf } from '../fixtures/parse-table.js';

const free = new FreeList(2 ** 30, () => {});
const ROW_BY_ROW: BlockLimits = { bytes: 0, rows: 0 };

const digits = fc
  .tuple(
    fc.constantFrom('', '', '-'),
    fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 21 }),
  )
  .map((parts) => parts.join(''));
const edges = fc
  .tuple(fc.constantFrom(31n, 32n, 53n, 63n, 64n), fc.bigInt(-2n, 2n), fc.boolean())
  .map(([power, off, minus]) => String((minus ? -1n : 1n) * (2n ** power + off)));
const integer = fc.oneof(fc.nat(9).map(String), fc.integer().map(String), digits, edges);
const decimal = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map((value) => value.toFixed(3)),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc
    .tuple(fc.integer({ min: 0, max: 99 }), fc.integer({ min: -330, max: 320 }))
    .map(([m, e]) => `${m / 10}e${e}`),
  fc.constantFrom(
    '-0',
    '-0.0',
    '.5',
    '5.',
    '-.5',
    '0.1234567890123456789',
    '123456789012345.6',
    '9007199254740993',
  ),
);
const text = fc.constantFrom(
  'Active',
  'Down',
  'LinkUp',
  '"Molex, LLC"',
  '"Amphenol ""ICD"""',
  '"a" b',
  '24" rack',
  '"',
  '""',
  '""""',
  '"a""',
  'x,y',
  'é',
  'a much longer text, which has more than sixteen bytes and more than fifty-six',
  'sixteen bytes ok',
  'seventeen bytes ok',
  '\u00ff',
  'a\tb',
  ' ',
  'NA',
  '-',
  '+1',
  '0x10',
  '12',
  '"12"',
  '"-3"',
  '"NA"',
  '1_0',
  '1e5',
  '51C',
  '-1',
  '7',
  '"7"',
  'a\rb',
);
const latin1 = fc.constantFrom('caf\u00e9', '\u00c3\u00a9', '\u00df', 'plain');
const odd = fc.oneof(
  text,
  fc.string({ unit: fc.constantFrom(...'aZ0-.,"e+; 9'), maxLength: 20 }),
  fc.constant('\u0000'),
);
const nothing = fc.constant('');

/** A column's cells are mostly of one form. */
const column = fc
  .constantFrom(integer, integer, decimal, decimal, text, latin1, fc.oneof(integer, decimal))
  .chain((main) => fc.constantFrom([main, nothing, main], [main, odd, main], [main, main, main]));

interface Body {
  readonly lines: readonly (readonly string[])[];
  readonly breaks: readonly string[];
}

const key = fc.oneof({ weight: 12, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(40) });

const mixed = fc.constantFrom('\n', '\n', '\n', '\n', '\n', '\r\n', '\n\n');
/** Most bodies have lines of one form: blocks of them are long. */
const eols = fc.constantFrom(fc.constant('\n'), fc.constant('\n'), fc.constant('\r\n'), mixed);

const shape = fc.record({
  columns: fc.array(column, { minLength: 1, maxLength: 6 }),
  keyAt: fc.nat(6),
  guids: fc.boolean(),
  time: fc.boolean(),
  eol: eols,
  repeats: fc.constantFrom(0, 0, 1),
});

interface Case {
  readonly header: string;
  readonly bodies: readonly Body[];
}

/** Three bodies of one header: the next has most rows of the one before, some cells changed. */
const bodies: fc.Arbitrary<Case> = shape.chain(({ columns, keyAt, guids, time, eol, repeats }) => {
  const at = keyAt % (columns.length + 1);
  const names = columns.map((_, i) => `c${i}`);
  const keys = guids ? ['node_guid', 'port_num'] : ['switch_id'];
  names.splice(at, 0, ...keys, ...(time ? ['timestamp'] : []));
  const cell = (of: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
    fc.oneof(
      { weight: 20, arbitrary: of[0]! },
      { weight: 2, arbitrary: of[1]! },
      { weight: 1, arbitrary: of[2]! },
    );
  const row = fc.tuple(
    fc.tuple(...columns.map(cell)),
    repeats > 0 ? key : fc.constant(-1),
    fc.nat(99),
    eol,
    fc.constantFrom('1767225599929674', '1767225600', '2026-01-01', '', 'x', '1767225599929674123'),
  );
  const change = fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99));
  return fc
    .tuple(
      fc.array(row, { minLength: 1, maxLength: 45 }),
      fc.array(change, { maxLength: 12 }),
      fc.boolean(),
      fc.nat(3),
    )
    .map(([rows, changes, turned, extra]) => {
      const first = rows.map(([cells, repeats, dice, , when], i) => {
        const n = repeats < 0 ? i : repeats;
        const all: string[] = [...cells];
        const guid = `0x0c42a103007ab8${String(n % 8).padStart(2, '0')}`;
        const name = guids
          ? [dice === 7 ? guid.toUpperCase() : guid, String(n)]
          : [dice === 3 ? `"sw-${n}"` : `sw-${n}`];
        all.splice(at, 0, ...name, ...(time ? [when] : []));
        if (dice === 5 && extra > 1) all.push('more');
        if (dice === 6 && extra > 1) all.pop();
        return all;
      });
      const second = first.map((cells) => [...cells]);
      for (const [a, b, c] of changes) {
        const to = second[a % second.length]!;
        const from = first[b % first.length]!;
        const which = c % to.length;
        if (from[which] !== undefined && (which < at || which >= at + keys.length)) to[which] = from[which];
      }
      if (turned) second.reverse();
      const breaks = rows.map(([, , , end]) => end);
      return {
        header: names.join(','),
        bodies: [first, second, first].map((lines) => ({ lines, breaks })),
      };
    });
});

const policy: fc.Arbitrary<ParsePolicy> = fc
  .record({
    ragged: fc.constantFrom('reject' as const, 'drop' as const, 'drop' as const),
    duplicateRows: fc.constantFrom('reject' as const, 'last' as const, 'last' as const),
    missing: fc.constantFrom<string[]>(
      [],
      [],
      ['NA'],
      ['NA', '-1'],
      ['7', 'x'],
      ['a""b', 'longer than sixteen bytes'],
    ),
  })
  .map((changes) => policyOf(changes));

/** Latin-1 columns make bodies that are not UTF-8. */
function bytes(header: string, { lines, breaks }: Body, encoding: 'utf8' | 'latin1'): Uint8Array {
  const data = lines.map((cells, i) => `${cells.join(',')}${breaks[i]!}`);
  return bytesOf(Buffer.from(`${header}\n${data.join('')}`, encoding));
}

/** Whether a whole number of a column of doubles was below 0 decides nothing, and is not always told. */
function comparable(filled: Filled, columns: readonly ColumnSpec[]): Filled {
  const fields = filled.report?.fields.map((field, i) =>
    columns[i]!.kind === 'f64' ? { ...field, seen: field.seen & ~SEEN_NEGATIVE } : field,
  );
  return { ...filled, report: filled.report && fields ? { ...filled.report, fields } : null };
}

function readAll(
  bodiesOf: readonly Uint8Array[],
  segment: Segment,
  rules: ParsePolicy,
  limits: BlockLimits | null,
): Filled[] {
  const undo = limits === null ? () => undefined : limitBlocks(limits);
  try {
    return bodiesOf.map((body) => comparable(fillSegment(segment, body, rules), segment.ref.spec.columns));
  } finally {
    undo();
    segment.retire();
  }
}

const limits: fc.Arbitrary<BlockLimits> = fc.record({
  bytes: fc.integer({ min: 40, max: 1500 }),
  rows: fc.integer({ min: 1, max: 64 }),
});

test('in blocks of any size a body is what it is row by row', () => {
  let read = 0;
  fc.assert(
    fc.property(
      bodies,
      policy,
      limits,
      fc.constantFrom('utf8' as const, 'latin1' as const),
      (one, rules, small, encoding) => {
        const all = one.bodies.map((body) => bytes(one.header, body, encoding));
        const parsed = parseTable(all[0]!, rules);
        if (!parsed.ok) return;
        const { report, columns } = parsed.table;
        const segment = (): Segment => new Segment(sizeSegment(report, columns, null, null, 0), free);
        const want = readAll(all, segment(), rules, ROW_BY_ROW);
        read += want.filter(({ cells }) => cells !== null).length;
        expect(readAll(all, segment(), rules, small)).toEqual(want);
        expect(readAll(all, segment(), rules, null)).toEqual(want);
      },
    ),
    { numRuns: 500 },
  );
  expect(read).toBeGreaterThan(150);
});
