/** Frames of selections that name rows and columns otherwise than the table does. */
import { describe, expect, test } from 'vitest';
import { encode, select, texts, versions } from '../../fixtures/live-frames.js';
import { row, TableFixture } from '../../fixtures/tables.js';

const KEY = '0x00000000000000ff';
const OTHER = '0x00000000000000fe';
const options = { keyColumns: ['port_guid'], policy: { alias: { tx: 'xmit_data', rx: 'recv_data' } } };

/** Three versions: the row KEY is there, changes, and is gone. */
function tables() {
  const fixture = new TableFixture({ boot: 'boot' });
  const other = (n: number) => row(OTHER, { xmit_data: n, recv_data: n });
  const first = fixture.publish('s1', [row(KEY, { xmit_data: 1, recv_data: 2 }), other(1)], options);
  const second = fixture.publish('s1', [row(KEY, { xmit_data: 3, recv_data: 2 }), other(2)], options);
  return { first, second, gone: () => fixture.publish('s1', [other(3)], options) };
}

describe('a GUID in another spelling', () => {
  test('is the row of a snapshot, of a diff, and of its end', () => {
    const { first, second, gone } = tables();
    const selection = select(['FF', 'ff', KEY], ['xmit_data']);
    const since = versions(first);
    expect(texts(encode(second, selection, null))[0]).toContain(`"rows":[["${KEY}",3]]`);
    expect(texts(encode(second, selection, since))[0]).toContain(`"changes":[["${KEY}",{"xmit_data":3}]],`);
    const spelled = select(['FF', '0xff'], ['xmit_data']);
    expect(texts(encode(second, spelled, since))[0]).toContain(`"changes":[["${KEY}",{"xmit_data":3}]],`);
    const end = gone();
    expect(texts(encode(end, spelled, versions(second)))[0]).toContain(`"changes":[],"removed":["${KEY}"]`);
    const prefixed = select(['FF', 'zz*'], ['xmit_data']);
    expect(texts(encode(end, prefixed, versions(second)))[0]).toContain(`"removed":["${KEY}"]`);
  });
});

describe('an alias', () => {
  test('names the column in frames; one column that is named twice comes once', () => {
    const { first, second } = tables();
    const selection = select([KEY], ['tx', 'recv_data', 'xmit_data', 'rx']);
    const [snapshot] = texts(encode(second, selection, null));
    expect(snapshot).toContain(`"fields":["tx","recv_data"],"rows":[["${KEY}",3,2]]`);
    const [diff] = texts(encode(second, selection, versions(first)));
    expect(diff).toContain(`"changes":[["${KEY}",{"tx":3}]]`);
    expect(texts(encode(second, select([KEY]), null))[0]).toContain('"fields":["xmit_data","recv_data"]');
  });
});
