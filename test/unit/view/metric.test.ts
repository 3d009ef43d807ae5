import { describe, expect, it } from 'vitest';
import type { Table } from '../../../src/fabric/table.js';
import { LocatedMetric, type MetricRequest } from '../../../src/query/get-metric.js';
import { ByteWriter } from '../../../src/view/bytes.js';
import { writeMetricBody, writeMetricText, type MetricShape } from '../../../src/view/metric.js';
import { row, TableFixture, type Cells } from '../../fixtures/tables.js';

const SAMPLE_MS = Date.UTC(2026, 0, 1, 12, 0, 0, 7);
const CELLS: Cells = { cpu: 34.1, big: 2n ** 64n - 1n, state: 'U"P', gone: null };

function table(timeMs?: number): Table {
  const fixture = new TableFixture({ boot: 'k3f9' });
  const rows = [row('other', { ...CELLS, gone: 1 }), row('sw "0"', CELLS, timeMs)];
  return fixture.publish('s1', rows, { dataTsMs: SAMPLE_MS });
}

const AGE_MS = 812;

function located(of: Table, metric: string, more: Partial<MetricRequest> = {}): LocatedMetric {
  return new LocatedMetric(of, {
    switchId: 'sw "0"',
    metric,
    format: 'json',
    int64AsString: false,
    view: null,
    ...more,
  });
}

function body(of: Table, cell: LocatedMetric, shape: MetricShape): string {
  const out = new ByteWriter(10_000, 'X', '', 8);
  writeMetricBody(out, of, cell, shape, AGE_MS);
  return Buffer.from(out.result()).toString();
}

describe('the body of GetMetric', () => {
  const of = table();

  it('is byte for byte that of the contract', () => {
    expect(body(of, located(of, 'cpu'), 'full')).toBe(
      '{"switch_id":"sw \\"0\\"","switch":"sw \\"0\\"","metric":"cpu","metric_name":"cpu","value":34.1,' +
        '"timestamp":"2026-01-01T12:00:00.007Z","snapshot_id":"k3f9-1","age_ms":812}',
    );
  });

  it('has the members of each earlier system and no others', () => {
    const parsed = (shape: MetricShape): unknown => JSON.parse(body(of, located(of, 'cpu'), shape));
    expect(parsed('page')).toEqual({
      switch_id: 'sw "0"',
      metric_name: 'cpu',
      value: 34.1,
      timestamp: '2026-01-01T12:00:00.007Z',
    });
    expect(parsed('map')).toEqual({
      switch: 'sw "0"',
      metric: 'cpu',
      value: 34.1,
      timestamp: Math.floor(SAMPLE_MS / 1000),
    });
    expect(parsed('envelope')).toEqual({
      switch_id: 'sw "0"',
      metric: 'cpu',
      value: 34.1,
      snapshot_id: 'k3f9-1',
      age_ms: 812,
    });
  });

  it('keeps digits, quotes them when asked, and has null for what is missing', () => {
    const value = (metric: string, more: Partial<MetricRequest> = {}): string | undefined =>
      /"value":(.*),"timestamp"/.exec(body(of, located(of, metric, more), 'full'))?.[1];
    expect(value('big')).toBe('18446744073709551615');
    expect(value('big', { int64AsString: true })).toBe('"18446744073709551615"');
    expect(value('state')).toBe('"U\\"P"');
    expect(value('gone')).toBe('null');
  });

  it('tells the time of the row when it has one', () => {
    const timed = table(SAMPLE_MS - 3_600_000);
    expect(body(timed, located(timed, 'cpu'), 'page')).toContain('"2026-01-01T11:00:00.007Z"');
    const odd = table(1e300);
    expect(body(odd, located(odd, 'cpu'), 'page')).toContain('"timestamp":null');
  });

  it('keeps its first bytes for the next time, by shape', () => {
    const cell = located(of, 'cpu');
    const first = body(of, cell, 'full');
    const { head } = cell;
    expect(body(of, cell, 'full')).toBe(first);
    expect(cell.head).toBe(head);
    expect(JSON.parse(body(of, cell, 'map'))).not.toHaveProperty('switch_id');
    expect(body(of, cell, 'full')).toBe(first);
  });

  it('is the bare value as text', () => {
    const text = (metric: string): string => {
      const out = new ByteWriter(100, 'X');
      writeMetricText(out, of, located(of, metric));
      return Buffer.from(out.result()).toString();
    };
    expect(['cpu', 'big', 'state', 'gone'].map(text)).toEqual([
      '34.1',
      '18446744073709551615',
      'U"P',
      'null',
    ]);
  });
});
