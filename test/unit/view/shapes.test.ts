/** Bodies byte for byte, as docs/endpoints.md has them. */
import { describe, expect, it } from 'vitest';
import type { Table } from '../../../src/fabric/table.js';
import type { ParsePolicy } from '../../../src/model/parse-policy.js';
import { listSelection, type ListSelection } from '../../../src/query/list-query.js';
import { encodeOrder } from '../../../src/view/encode-list.js';
import { ListBody } from '../../../src/view/list-body.js';
import { row, TableFixture } from '../../fixtures/tables.js';

type AliasMap = ParsePolicy['alias'];

const SAMPLE_MS = Date.UTC(2026, 0, 1, 12, 0, 0);

function table(): Table {
  const fixture = new TableFixture({ boot: 'k3f9' });
  const rows = [
    row('sw-1', { cpu: 34.1, big: 2n ** 63n, state: 'U"P' }),
    row('sw-0', { cpu: null, big: 7, state: '=x,1' }),
    row('a "b"', { cpu: -0.5, big: null, state: null }),
  ];
  return fixture.publish('s1', rows, { dataTsMs: SAMPLE_MS });
}

interface Given extends Partial<Omit<ListSelection, 'key'>> {
  readonly staleSources?: readonly string[];
}

function body(of: Table, given: Given): string {
  const { staleSources = [], ...selected } = given;
  const selection = listSelection(selected);
  const order = { selection, gzip: false, listBytesMax: 1e6, agesMs: of.parts.map((_, p) => 100 + p) };
  const made = new ListBody(of.snapshotId, encodeOrder(of, order), selection.bare);
  const end = made.end({ ageMs: 812, dataTsMs: SAMPLE_MS, staleSources });
  return Buffer.concat([made.prefix, end]).toString();
}

describe('envelope', () => {
  const of = table();

  it('is flat rows, then what changes each millisecond', () => {
    expect(body(of, {})).toBe(
      '{"snapshot_id":"k3f9-1","fields":["cpu","big","state"],"items":[' +
        '{"switch_id":"sw-1","cpu":34.1,"big":9223372036854775808,"state":"U\\"P"},' +
        '{"switch_id":"sw-0","cpu":null,"big":7,"state":"=x,1"},' +
        '{"switch_id":"a \\"b\\"","cpu":-0.5,"big":null,"state":null}],"total":3,"age_ms":812}',
    );
  });

  it('names stale sources', () => {
    expect(body(of, { limit: 1, fields: ['cpu'], staleSources: ['a', 'b'] })).toBe(
      '{"snapshot_id":"k3f9-1","fields":["cpu"],"items":[{"switch_id":"sw-1","cpu":34.1}],' +
        '"total":3,"age_ms":812,"stale_sources":["a","b"]}',
    );
  });

  it('has only the members of the earlier system under its dialect', () => {
    const bare = JSON.parse(body(of, { bare: true, staleSources: ['a'] })) as object;
    expect(Object.keys(bare)).toEqual(['snapshot_id', 'fields', 'items', 'age_ms']);
  });

  it('projects, filters and pages, and counts what the filter admits', () => {
    const given = { fields: ['state', 'cpu'], rows: { exact: [], prefixes: ['sw-'] }, offset: 1, limit: 5 };
    expect(body(of, given)).toBe(
      '{"snapshot_id":"k3f9-1","fields":["state","cpu"],"items":[' +
        '{"switch_id":"sw-0","state":"=x,1","cpu":null}],"total":2,"age_ms":812}',
    );
  });

  it('quotes big integers when asked', () => {
    expect(body(of, { fields: ['big'], limit: 1, int64AsString: true })).toContain(
      '"big":"9223372036854775808"',
    );
  });

  it('has pseudo-columns', () => {
    expect(body(of, { fields: ['@age_ms', '@source', '@timestamp'], limit: 1 })).toContain(
      '{"switch_id":"sw-1","@age_ms":100,"@source":"s1","@timestamp":"2026-01-01T12:00:00.000Z"}',
    );
  });

  it('of no rows is an empty list', () => {
    expect(body(of, { rows: { exact: [], prefixes: ['x'] }, fields: [] })).toBe(
      '{"snapshot_id":"k3f9-1","fields":[],"items":[],"total":0,"age_ms":812}',
    );
  });

  it('leaves out a column that is called like the row key', () => {
    const named = new TableFixture().publish('s1', [row('a:1', { switch_id: 'a', port: 1 })]);
    expect(body(named, {})).toContain('"fields":["port"],"items":[{"switch_id":"a:1","port":1}]');
    expect(body(named, { shape: 'columns' })).toContain('"columns":{"switch_id":["a"],"port":[1]}');
  });
});

describe('columns', () => {
  it('is one array a column', () => {
    expect(body(table(), { shape: 'columns', fields: ['big', '@source'] })).toBe(
      '{"snapshot_id":"k3f9-1","fields":["big","@source"],"switch_ids":["sw-1","sw-0","a \\"b\\""],' +
        '"columns":{"big":[9223372036854775808,7,null],"@source":["s1","s1","s1"]},"total":3,"age_ms":812}',
    );
  });
});

describe('map', () => {
  it('is keyed by switch, with the time of each row in whole seconds', () => {
    expect(body(table(), { shape: 'map', fields: ['cpu'] })).toBe(
      '{"sw-1":{"cpu":34.1,"timestamp":1767268800},"sw-0":{"cpu":null,"timestamp":1767268800},' +
        '"a \\"b\\"":{"cpu":-0.5,"timestamp":1767268800}}',
    );
  });

  it('keeps the name timestamp for the time', () => {
    const named = new TableFixture().publish('s1', [row('a', { timestamp: 5, x: 1 }, 1_234_999)]);
    expect(body(named, { shape: 'map' })).toBe('{"a":{"x":1,"timestamp":1234}}');
  });
});

describe('page', () => {
  it('is one metric by switch id, under both names', () => {
    const items =
      '[{"switch_id":"a \\"b\\"","metric_name":"cpu","value":-0.5,"timestamp":"2026-01-01T12:00:00.000Z"},' +
      '{"switch_id":"sw-0","metric_name":"cpu","value":null,"timestamp":"2026-01-01T12:00:00.000Z"}]';
    expect(body(table(), { shape: 'page', fields: ['cpu'], limit: 2 })).toBe(
      `{"items":${items},"metrics":${items},"total":3,"limit":2,"offset":0}`,
    );
  });

  it('behind the end is empty and keeps its total', () => {
    expect(body(table(), { shape: 'page', fields: ['cpu'], limit: 10, offset: 9 })).toBe(
      '{"items":[],"metrics":[],"total":3,"limit":10,"offset":9}',
    );
  });
});

describe('csv', () => {
  it('has the requested columns in their order, CRLF, and nothing for missing', () => {
    expect(body(table(), { shape: 'csv', fields: ['state', 'cpu'] })).toBe(
      'switch_id,state,cpu\r\nsw-1,"U""P",34.1\r\nsw-0,"\'=x,1",\r\n"a ""b""",,-0.5\r\n',
    );
  });

  it('has the header of the dialect, and guards names and keys', () => {
    const odd = new TableFixture().publish('s1', [row('=k', { '@x': 1, 'a,b': 2 })]);
    expect(body(odd, { shape: 'csv', idHeader: 'SwitchId', fields: ['a,b', '@age_ms'] })).toBe(
      'SwitchId,"a,b",@age_ms\r\n"\'=k",2,100\r\n',
    );
    expect(body(odd, { shape: 'csv' })).toBe('switch_id,"\'@x","a,b"\r\n"\'=k",1,2\r\n');
  });
});

describe('ndjson', () => {
  it('is one row object a line', () => {
    expect(body(table(), { shape: 'ndjson', fields: ['cpu'] })).toBe(
      '{"switch_id":"sw-1","cpu":34.1}\n{"switch_id":"sw-0","cpu":null}\n{"switch_id":"a \\"b\\"","cpu":-0.5}\n',
    );
  });
});

describe('schema', () => {
  it('says columns, kinds, sources and keys', () => {
    const fixture = new TableFixture({ sources: ['a', 'b'], boot: 'k3f9' });
    fixture.publish('a', [row('x', { v: 1, t: 'u' })], { keyColumns: ['node_guid', 'port_num'] });
    const of = fixture.publish('b', [row('x', { v: 1.5 }), row('y', { v: 0.5 })], {
      keyColumns: ['node_guid'],
    });
    expect(body(of, { shape: 'schema' })).toBe(
      '{"snapshot_id":"k3f9-2","switch_id":["node_guid","port_num"],"fields":[' +
        '{"name":"v","kind":"mixed","sources":["a","b"]},{"name":"t","kind":"text","sources":["a"]}],"rows":2}',
    );
  });
});

describe('other names of columns', () => {
  // From JSON: in a literal __proto__ would be the prototype, and no alias.
  const policy = { alias: JSON.parse('{"load":"cpu","__proto__":"cpu","none":"nothing"}') as AliasMap };
  const of = new TableFixture({ boot: 'k3f9' }).publish('s1', [row('x', { cpu: 1, t: 2 })], { policy });

  it('are listed in the schema', () => {
    expect(body(of, { shape: 'schema' })).toContain('],"aliases":{"load":"cpu","__proto__":"cpu"},"rows":1}');
  });

  it('stand in bodies as they were asked for, and nowhere else', () => {
    expect(body(of, { shape: 'ndjson', fields: ['t', 'load', 'cpu'] })).toBe(
      '{"switch_id":"x","t":2,"load":1,"cpu":1}\n',
    );
    expect(body(of, { shape: 'csv', fields: ['load'] })).toBe('switch_id,load\r\nx,1\r\n');
    expect(body(of, { shape: 'ndjson' })).toBe('{"switch_id":"x","cpu":1,"t":2}\n');
  });
});

describe('lists of several sources', () => {
  it('have null where a part lacks the column, and each row once', () => {
    const fixture = new TableFixture({ sources: ['a', 'b'], boot: 'k3f9' });
    fixture.publish('a', [row('x', { v: 1 }), row('y', { v: 2 })], { dataTsMs: SAMPLE_MS });
    const of = fixture.publish('b', [row('y', { w: 3 }), row('z', { w: 4 })], { dataTsMs: SAMPLE_MS + 1 });
    expect(body(of, { fields: ['v', 'w', '@source', '@age_ms'], shape: 'ndjson' })).toBe(
      '{"switch_id":"x","v":1,"w":null,"@source":"a","@age_ms":100}\n' +
        '{"switch_id":"y","v":null,"w":3,"@source":"b","@age_ms":101}\n' +
        '{"switch_id":"z","v":null,"w":4,"@source":"b","@age_ms":101}\n',
    );
  });
});
