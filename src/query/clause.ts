/** One comparison of a row filter, compiled for the rows of one table. */
import { WeftError } from '../model/errors.js';
import type { Table } from '../fabric/table.js';
import type { RateView } from '../model/rates.js';
import { RateCell } from '../snapshot/rate.js';
import { isValid, type ColumnView, type SegmentReader } from '../snapshot/reader.js';
import type { Clause } from './clause-types.js';
import { shown } from './echo.js';
import type { BytesTest } from './glob.js';
import { heldKeys } from './keys.js';
import { numberTest, numericSlots, type NumberTest, type SlotTest } from './number-tests.js';
import { AGE_FIELD, SOURCE_FIELD, TIMESTAMP_FIELD } from './pseudo-fields.js';
import { rateReader } from './rate-order.js';
import { resolveColumns } from './selector.js';
import { textTest } from './text-tests.js';
import { epochMsOf } from './times.js';
import { KEY_FIELD } from './tokens.js';

/** The test of a clause in one part. */
type PartTest = (part: number) => SlotTest;

const always: SlotTest = () => true;
const never: SlotTest = () => false;
const constant = (value: boolean): SlotTest => (value ? always : never);

const TWO_32 = 4294967296;
const encoder = new TextEncoder();

function refuse({ field, operator }: Clause, why: string): WeftError {
  return new WeftError('bad_value', `cannot filter ${shown(field)} by '${operator}': ${why}`);
}

/** Throws bad_value when numbers do not have the operator, or a value is none. */
function requireNumbers(clause: Clause, holds: string): void {
  const { operator, values } = clause;
  if (operator === 'prefix' || operator === 'glob') throw refuse(clause, `${holds}, no text`);
  const text = values.find(({ number }) => !number);
  if (text) throw refuse(clause, `${holds}, and ${shown(text.text)} is no number`);
}

/** Text cells: each string is tested once, whatever the number of its cells. */
function textSlots(column: ColumnView, reader: SegmentReader, test: BytesTest, strings: number): SlotTest {
  const { i32, cell0 } = column;
  const known = new Uint8Array(strings);
  return (slot) => {
    if (!isValid(column, slot)) return false;
    const id = i32[(cell0 + slot) * 2]!;
    if (known[id] === 0) {
      known[id] = test(reader.u8, reader.stringStart(id), reader.stringLength(id)) ? 2 : 1;
    }
    return known[id] === 2;
  };
}

/**
 * Numbers in one source of a column that is text in another: they compare with numbers only, and
 * differ from every text.
 */
function numbersBesideText(column: ColumnView, clause: Clause): SlotTest {
  const { operator, values } = clause;
  const numbers = values.filter(({ number }) => number);
  const list = operator === 'in' || operator === 'not in';
  if (operator === 'prefix' || operator === 'glob') return never;
  if (list || numbers.length > 0) return numericSlots(column, numberTest(operator, numbers));
  return operator === 'ne' ? (slot) => isValid(column, slot) : never;
}

function columnTest(table: Table, clause: Clause): PartTest {
  const { field, operator, values } = clause;
  const [index] = resolveColumns(table, [field]) as [number];
  const nulls = operator === 'is null' || operator === 'is not null';
  const isText = table.schema.columns[index]!.kind === 'text';
  if (!nulls && !isText) requireNumbers(clause, 'the column holds numbers');
  return (part) => {
    const column = table.columnView(index, part);
    if (operator === 'is null') return column ? (slot) => !isValid(column, slot) : always;
    if (column === undefined) return never;
    if (operator === 'is not null') return (slot) => isValid(column, slot);
    if (column.kind !== 'text') {
      if (isText) return numbersBesideText(column, clause);
      return numericSlots(column, numberTest(operator, values));
    }
    const { reader, bank } = table.parts[part]!;
    return textSlots(column, reader, textTest(operator, values), bank.strings);
  };
}

/** Whole keys are looked up, once in each part; anything else looks at the key's bytes. */
function keyTest(table: Table, { operator, values }: Clause): PartTest {
  const whole = operator === 'eq' || operator === 'in';
  const notWhole = operator === 'ne' || operator === 'not in';
  const texts = values.map(({ text }) => text);
  const keys = whole || notWhole ? heldKeys(table, texts) : texts;
  return (part) => {
    const { reader } = table.parts[part]!;
    if (whole || notWhole) {
      const slots = new Set(keys.map((key) => reader.findKey(key)));
      return (slot) => slots.has(slot) === whole;
    }
    const test = textTest(operator, values);
    return (slot) => test(reader.u8, reader.keyStart(slot), reader.keyLength(slot));
  };
}

function sourceTest(table: Table, { operator, values }: Clause): PartTest {
  const test = textTest(operator, values);
  return (part) => {
    const id = encoder.encode(table.parts[part]!.ref.sourceId);
    return constant(test(id, 0, id.length));
  };
}

function timestampTest(table: Table, clause: Clause): PartTest {
  const { operator } = clause;
  if (operator === 'is null' || operator === 'is not null') return () => constant(operator !== 'is null');
  const values = clause.values.map((value) => {
    const timeMs = value.number ? value.text : epochMsOf(value.text)?.toString();
    return timeMs === undefined ? value : { text: timeMs, number: true };
  });
  requireNumbers({ ...clause, values }, 'it is a time (ISO 8601 or epoch milliseconds)');
  const test = numberTest(operator, values);
  return (part) => {
    const { reader, bank } = table.parts[part]!;
    return (slot) => test.f64(reader.rowTimeMs(bank, slot));
  };
}

function ageTest(clause: Clause, agesMs: readonly number[] | undefined): PartTest {
  const { operator, values } = clause;
  if (agesMs === undefined) throw refuse(clause, 'the age of a row changes without an update');
  if (operator === 'is null' || operator === 'is not null') return () => constant(operator !== 'is null');
  requireNumbers(clause, 'it is a number');
  const test = numberTest(operator, values);
  return (part) => constant(test.f64(agesMs[part] ?? 0));
}

/** Whether a delta or rate, of up to 66 bits, is what the test wants. */
function testRate({ form, negative, high, low, double }: RateCell, test: NumberTest): boolean {
  if (form === 'double') return test.f64(double);
  if (negative) {
    // Two's complement, as cells are; beyond 64 bits no integer of a query is that small.
    if (high > 0x7fff_ffff) return test.f64(-(high * TWO_32 + low));
    return low === 0 ? test.i64(-high | 0, 0) : test.i64(~high, (TWO_32 - low) >>> 0);
  }
  return high > 0xffff_ffff ? test.f64(high * TWO_32 + low) : test.u64(high, low);
}

/** A cell without a delta or rate is missing, whatever the reason. */
function rateTest(table: Table, clause: Clause, view: RateView): PartTest {
  const { field, operator, values } = clause;
  const [index] = resolveColumns(table, [field]) as [number];
  const read = rateReader(table, index, view);
  const cell = new RateCell();
  if (operator === 'is null' || operator === 'is not null') {
    return (part) => (slot) => read(part, slot, cell) === (operator === 'is not null');
  }
  requireNumbers(clause, `a ${view} is a number`);
  const test = numberTest(operator, values);
  return (part) => (slot) => read(part, slot, cell) && testRate(cell, test);
}

/** Throws unknown_metric or bad_value. `agesMs`: as compileWhere. */
export function compileClause(table: Table, clause: Clause, agesMs: readonly number[] | undefined): PartTest {
  if (clause.view !== undefined) return rateTest(table, clause, clause.view);
  switch (clause.field) {
    case KEY_FIELD:
      return keyTest(table, clause);
    case SOURCE_FIELD:
      return sourceTest(table, clause);
    case TIMESTAMP_FIELD:
      return timestampTest(table, clause);
    case AGE_FIELD:
      return ageTest(clause, agesMs);
    default:
      return columnTest(table, clause);
  }
}
