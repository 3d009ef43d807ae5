import { describe, expect, test } from 'vitest';
import { isGaugeByName, rolesOf, withRates } from '../../../src/fabric/rate-plan.js';
import { ROLE_COUNTER as C, ROLE_GAUGE as G, ROLE_NONE as N } from '../../../src/model/rates.js';
import type { ColumnKind, ColumnSpec } from '../../../src/model/schema.js';
import { layoutOf, type SegmentSpec } from '../../../src/snapshot/layout.js';
import { ALL_RATES } from '../../fixtures/tables.js';

const columns: ColumnSpec[] = (
  [
    ['PortXmitDataExtended', 'u64'],
    ['SymbolErrorCounterExtended', 'i64'],
    ['Module_Temperature', 'i64'],
    ['node_description', 'text'],
    ['energy_joules', 'f64'],
    ['big', 'mixed'],
  ] satisfies [string, ColumnKind][]
).map(([name, kind]) => ({ name, kind }));

const spec: SegmentSpec = {
  columns,
  slotCapacity: 128,
  keyBytesCapacity: 1024,
  stringCapacity: 64,
  stringBytesCapacity: 1024,
  baseVersion: 0,
  hasRowTime: false,
};

describe('roles', () => {
  test('follow from kinds and names', () => {
    expect(rolesOf(columns, ALL_RATES)).toEqual([C, C, G, N, G, C]);
  });

  test('are what is configured, by name or pattern in any case; gauges win over counters', () => {
    const policy = {
      ...ALL_RATES,
      gauges: ['*error*', 'BIG'],
      counters: ['energy_?oules', 'big', 'module*'],
    };
    expect(rolesOf(columns, policy)).toEqual([C, G, C, N, C, G]);
  });

  test('are none for columns that are not named', () => {
    expect(rolesOf(columns, { ...ALL_RATES, columns: ['port*', 'node*'] })).toEqual([C, N, N, N, N, N]);
    expect(rolesOf(columns, { ...ALL_RATES, columns: [] })).toEqual([N, N, N, N, N, N]);
  });

  test('characters of regular expressions are themselves', () => {
    expect(rolesOf([{ name: 'a.b(c)', kind: 'i64' }], { ...ALL_RATES, columns: ['a.b(c)'] })).toEqual([C]);
    expect(rolesOf([{ name: 'axb', kind: 'i64' }], { ...ALL_RATES, columns: ['a.b'] })).toEqual([N]);
  });

  test('a pattern of many stars takes no time that grows with their number', () => {
    const column = { name: 'a'.repeat(200), kind: 'i64' } as const;
    expect(rolesOf([column], { ...ALL_RATES, columns: [`${'*a'.repeat(60)}b`] })).toEqual([N]);
  });

  test.each([
    'Chip_Temp',
    'cpu_util_pct',
    'logical_state',
    'Link_speed_active',
    'lid',
    'port',
    'snrHostLane',
  ])('%s is a gauge by name', (name) => expect(isGaugeByName(name)).toBe(true));
  test.each(['LinkRecoveryAttempts', 'PortXmitWait', 'hist0', 'Link_Down', 'validPackets', 'storage_writes'])(
    '%s is none',
    (name) => expect(isGaugeByName(name)).toBe(false),
  );
});

describe('the memory of previous samples', () => {
  const bytesOf = (one: SegmentSpec): number => layoutOf(one).byteLength;
  const full = withRates(spec, ALL_RATES);

  test('is what the layout grows by, but for the padding of its sections', () => {
    const refused = withRates(spec, { ...ALL_RATES, bytesMax: 0 }).rates!.bytesRefused;
    const grown = bytesOf(full) - bytesOf(spec);
    expect(refused).toBeGreaterThan(0);
    expect(Math.abs(grown - refused)).toBeLessThan(64 * 2 * (5 * 3 + 1 + 2));
  });

  test('is not taken without columns, or beyond its limit', () => {
    expect(bytesOf(withRates(spec, undefined))).toBe(bytesOf(spec));
    expect(bytesOf(withRates(spec, { ...ALL_RATES, columns: [] }))).toBe(bytesOf(spec));
    expect(bytesOf(withRates(spec, { ...ALL_RATES, bytesMax: 1000 }))).toBe(bytesOf(spec));
  });

  test('is kept at exactly the limit', () => {
    const { bytesRefused } = withRates(spec, { ...ALL_RATES, bytesMax: 0 }).rates!;
    expect(withRates(spec, { ...ALL_RATES, bytesMax: bytesRefused }).rates!.bytesRefused).toBe(0);
    expect(withRates(spec, { ...ALL_RATES, bytesMax: bytesRefused - 1 }).rates!.bytesRefused).toBe(
      bytesRefused,
    );
  });
});
