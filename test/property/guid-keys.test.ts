/** However a GUID is spelled, in bodies and in requests, it is one row. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalGuid } from '../../src/model/guid.js';
import { GUID_BYTES, isCanonicalGuid, writeCanonicalGuid } from '../../src/parse/guid-bytes.js';
import { findRow } from '../../src/query/keys.js';
import { bytesOf, tableOf as parsedTable } from '../fixtures/parse-table.js';
import { row, tableOf } from '../fixtures/tables.js';

const guid = fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, 0xffffn));
const canonical = (value: bigint): string => `0x${value.toString(16).padStart(16, '0')}`;

/** A spelling of `value`: prefix, zeros and case by chance, or four groups. */
function spell(value: bigint, style: number, cases: number): string {
  const digits = value.toString(16);
  const full = digits.padStart(16, '0');
  const grouped = full.replace(/(....)(?=.)/g, '$1:');
  const some = digits.padStart(Math.min(16, digits.length + (style % 5)), '0');
  const text = [full, digits, some, grouped][style % 4]!;
  const mixed = [...text].map((c, i) => ((cases >> (i % 16)) & 1 ? c.toUpperCase() : c)).join('');
  return style % 4 === 3 ? mixed : `${['', '0x', '0X'][style % 3]!}${mixed}`;
}

const spelling = fc.tuple(fc.nat(1000), fc.nat(0xffff));
const port = fc.nat(99);

test('scanner and lookups agree on what a GUID is, and its canonical form stays as it is', () => {
  const unit = fc.constantFrom(...'0123456789abcdefABCDEFxX:g ');
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit, maxLength: 20 }), guid.map(canonical)), (text) => {
      const bytes = bytesOf(`,${text},`);
      const out = new Uint8Array(GUID_BYTES);
      const written = writeCanonicalGuid(bytes, 1, bytes.length - 1, out, 0);
      const told = canonicalGuid(text);
      expect(written ? Buffer.from(out).toString() : undefined).toBe(told);
      expect(isCanonicalGuid(bytes, 1, bytes.length - 1)).toBe(told === text);
      if (told !== undefined) expect(canonicalGuid(told)).toBe(told);
    }),
    { numRuns: 3000 },
  );
});

test('bodies that spell their GUIDs by chance have the canonical rows', () => {
  const rows = fc.uniqueArray(fc.tuple(guid, guid, port, spelling, spelling), {
    minLength: 1,
    maxLength: 20,
    selector: ([a, b, n]) => `${a}:${b}:${n}`,
  });
  fc.assert(
    fc.property(rows, (list) => {
      const lines = list.map(([a, b, n, s, t]) => `${spell(a, ...s)},${spell(b, ...t)},${n},7`);
      const table = parsedTable(`node_guid,Port_GUID,port_num,x\n${lines.join('\n')}\n`);
      expect([...table.rows.keys()]).toEqual(list.map(([a, b, n]) => `${canonical(a)}:${canonical(b)}:${n}`));
    }),
    { numRuns: 500 },
  );
});

test('any spelling of a key finds its row, and no other', () => {
  const names = fc.uniqueArray(fc.tuple(guid, port), {
    minLength: 1,
    maxLength: 8,
    selector: ([value, n]) => `${value}:${n}`,
  });
  fc.assert(
    fc.property(
      names,
      fc.tuple(guid, port),
      spelling,
      fc.constantFrom(':', '_'),
      (keys, miss, how, separator) => {
        const rows = keys.map(([value, n]) => row(`${canonical(value)}:${n}`, { x: 1 }));
        const table = tableOf(rows, { keyColumns: ['port_guid', 'port_num'] });
        const at = { part: 0, slot: -1 };
        for (const [value, n] of [...keys, miss]) {
          const held = keys.some(([v, m]) => v === value && m === n);
          expect(findRow(table, `${spell(value, ...how)}${separator}${n}`, at)).toBe(held);
          if (held) expect(table.keyText(at.part, at.slot)).toBe(`${canonical(value)}:${n}`);
        }
      },
    ),
    { numRuns: 150 },
  );
});
