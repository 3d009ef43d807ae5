import { afterEach, describe, expect, test } from 'vitest';
import { row, type Cells } from '../../fixtures/tables.js';
import { members, ServerRig, type Reply } from '../../fixtures/server-rig.js';
import { until } from '../../fixtures/until.js';

const START_MS = Date.parse('2026-01-01T12:00:00Z');
const MINUTE_MS = 60_000;
const HUGE = 2n ** 63n;

let rig: ServerRig;
afterEach(() => rig.close());

/** One sample a minute: each publish is recorded before the next. */
async function played(samples: readonly Record<string, Cells>[], columns: readonly string[]): Promise<void> {
  rig = new ServerRig({ rows: null, history: columns, maxStaleMs: 0 });
  for (const [minute, rows] of samples.entries()) await play(minute, rows);
}

async function play(minute: number, rows: Readonly<Record<string, Cells>>, source = 's1'): Promise<void> {
  const ran = rig.jobs.ran.length;
  const timeMs = START_MS + minute * MINUTE_MS;
  rig.tables.publish(
    source,
    Object.entries(rows).map(([id, cells]) => row(id, cells, timeMs)),
  );
  await until('the recording', () => rig.jobs.ran.length > ran);
  await new Promise((resolve) => setImmediate(resolve));
}

const get = (path: string): Promise<Reply> => rig.get(`/telemetry/${path}`);

function refused(reply: Reply): string {
  return `${reply.status} ${String(members(reply)['error'])}: ${String(members(reply)['message'])}`;
}

describe('History', () => {
  test('lists a cell’s samples, the oldest first, with all digits, null where missing', async () => {
    const samples = [1, HUGE, null, 18446744073709551615n].map((a) => ({ x: { a } }));
    await played(samples, ['a']);
    const reply = await get('History?switch_id=x&metric=a');
    expect(reply.text).toBe(
      '{"switch_id":"x","metric":"a","kind":"u64","from":"2026-01-01T11:03:00.000Z",' +
        '"to":"2026-01-01T12:03:00.000Z","complete":false,"samples":[["2026-01-01T12:00:00.000Z",1],' +
        '["2026-01-01T12:01:00.000Z",9223372036854775808],["2026-01-01T12:02:00.000Z",null],' +
        '["2026-01-01T12:03:00.000Z",18446744073709551615]]}',
    );
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(reply.headers.get('etag')).toBeNull();
    const quoted = await get('History?switch_id=x&metric=a&int64=string&limit=1');
    expect(quoted.text).toContain('[["2026-01-01T12:03:00.000Z","18446744073709551615"]]');
  });

  test('a window and a limit take the newest; complete says whether anything is missing', async () => {
    await played(
      Array.from({ length: 10 }, (_, a) => ({ x: { a } })),
      ['a'],
    );
    const values = async (query: string): Promise<unknown> => {
      const { samples, complete } = members(await get(`History?switch_id=x&metric=a${query}`));
      return { complete, values: (samples as [string, number][]).map(([, value]) => value) };
    };
    expect(await values('&window=3m')).toEqual({ complete: true, values: [6, 7, 8, 9] });
    expect(await values('&window=150000')).toEqual({ complete: true, values: [7, 8, 9] });
    expect(await values('&window=1h&limit=2')).toEqual({ complete: false, values: [8, 9] });
    expect(await values('&window=9m')).toMatchObject({ complete: true });
    expect(await values('&window=10m')).toMatchObject({ complete: false });
  });

  test('comes as CSV when asked for', async () => {
    await played([{ x: { a: 1.5 } }, { x: { a: null } }], ['a']);
    const text = 'timestamp,value\r\n2026-01-01T12:00:00.000Z,1.5\r\n2026-01-01T12:01:00.000Z,\r\n';
    const asked = await get('History?switch_id=x&metric=a&format=csv');
    expect(asked.text).toBe(text);
    expect(asked.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const accepted = await rig.get('/telemetry/History?switch_id=x&metric=a', { Accept: 'text/csv' });
    expect(accepted.text).toBe(text);
  });

  test('goes on when the columns change, and is read when the row is gone', async () => {
    await played(
      [
        { x: { a: 1 }, y: { a: 5 } },
        { x: { b: 0, a: 2.5 }, y: { b: 0, a: 1 } },
      ],
      ['a'],
    );
    await play(2, { y: { b: 1, a: 2 } });
    const { samples, kind } = members(await get('History?switch_id=x&metric=a'));
    expect(kind).toBe('f64');
    expect((samples as [string, number][]).map(([, value]) => value)).toEqual([1, 2.5]);
    expect(refused(await get('History?switch_id=z&metric=a'))).toMatch(/^404 unknown_switch/);
  });

  test('a row of two sources has the past that the source remembers which serves it now', async () => {
    rig = new ServerRig({ rows: null, sources: ['s1', 's2'], history: ['a'], maxStaleMs: 0 });
    await play(0, { x: { a: 10 } }, 's1');
    await play(1, { x: { a: 21 } }, 's2');
    await play(2, { x: { a: 12 } }, 's1');
    const { samples } = members(await get('History?switch_id=x&metric=a'));
    expect((samples as [string, number][]).map(([, value]) => value)).toEqual([10, 12]);
  });

  test.each([
    ['History?metric=a', /^400 missing_parameter: .*'switch_id'/],
    ['History?switch_id=x', /^400 missing_parameter: .*'metric'/],
    ['History?switch_id=x&metric=nope', /^404 unknown_metric: .*Available: \['a', 'b', 't'\]/],
    [
      'History?switch_id=x&metric=b',
      /^400 bad_value: Metric 'b' has no history: HISTORY_COLUMNS names a, t\./,
    ],
    ['History?switch_id=x&metric=t', /^400 bad_value: Metric 't' is text/],
    ['History?switch_id=nope&metric=a', /^404 unknown_switch/],
    ['History?switch_id=x&metric=a&window=61m', /^422 out_of_range: .*between 1ms and 1h \(HISTORY_WINDOW\)/],
    ['History?switch_id=x&metric=a&window=soon', /^400 bad_value: .*'window' must be a duration/],
    ['History?switch_id=x&metric=a&limit=0', /^422 out_of_range/],
    ['History?switch_id=x&metric=a&shape=page', /^400 unknown_parameter/],
    ['Compare?ago=1m', /^400 missing_parameter: .*'metrics'/],
    ['Compare?metrics=a', /^400 missing_parameter: .*'ago'/],
    ['Compare?metrics=a,b&ago=1m', /^400 bad_value: Metric 'b' has no history/],
    ['Compare?metrics=a&ago=2h', /^422 out_of_range: .*'ago'.*HISTORY_WINDOW/],
    ['Compare?metrics=a&ago=1m&switches=nope', /^404 unknown_switch/],
    ['Compare?metrics=a&ago=1m&sort=-a,b', /^400 bad_value: Parameter 'sort'/],
    ['Compare?metrics=a&ago=1m&where=nope%20eq%201', /^404 unknown_metric/],
  ])('%s', async (path, message) => {
    await played([{ x: { a: 1, b: 2, t: 'up' } }], ['a', 't']);
    expect(refused(await get(path))).toMatch(message);
  });

  test('without HISTORY_COLUMNS there is none, and the answer names the knob', async () => {
    rig = new ServerRig();
    expect(refused(await get('History?switch_id=sw-000&metric=octets'))).toMatch(
      /^404 not_found: .*HISTORY_COLUMNS/,
    );
  });
});

describe('Compare', () => {
  test('tells now, then and the difference of every row; both reasons for none', async () => {
    await played(
      [
        { x: { a: 1, b: 0.5 }, y: { a: 7, b: 1 }, z: { a: null, b: 1 } },
        { x: { a: 2, b: 0.75 }, y: { a: 9, b: 1 }, z: { a: 3, b: 1 } },
        { x: { a: HUGE, b: 0.25 }, y: { a: 4, b: 1 }, z: { a: 3, b: 1 }, w: { a: 1, b: 1 } },
      ],
      ['a', 'b'],
    );
    const reply = await get('Compare?metrics=a,b&ago=2m');
    expect(reply.text).toContain(
      '{"switch_id":"x","timestamp":"2026-01-01T12:02:00.000Z","a":{"now":9223372036854775808,"then":1,' +
        '"delta":9223372036854775807,"status":"ok","then_at":"2026-01-01T12:00:00.000Z","interval_ms":120000},' +
        '"b":{"now":0.25,"then":0.5,"delta":-0.25,"status":"ok",',
    );
    const { items, total, ago_ms, fields } = members(reply);
    expect({ total, ago_ms, fields }).toEqual({ total: 4, ago_ms: 120_000, fields: ['a', 'b'] });
    const of = (id: string): unknown =>
      (items as Record<string, unknown>[]).find((one) => one['switch_id'] === id)?.['a'];
    expect(of('y')).toMatchObject({ now: 4, then: 7, delta: null, status: 'reset' });
    expect(of('z')).toMatchObject({ now: 3, then: null, delta: null, status: 'missing' });
    expect(of('w')).toMatchObject({
      now: 1,
      then: null,
      status: 'no_sample',
      then_at: null,
      interval_ms: null,
    });
  });

  test('takes the newest sample that is old enough', async () => {
    await played(
      Array.from({ length: 10 }, (_, a) => ({ x: { a: a * a } })),
      ['a'],
    );
    const { items } = members(await get('Compare?metrics=a&ago=150s&switches=x'));
    expect(items).toMatchObject([{ a: { now: 81, then: 36, delta: 45, interval_ms: 180_000 } }]);
  });

  test('sorts by difference, those without one last; pages, filters and sorts as lists do', async () => {
    await played(
      [
        { r1: { a: 0 }, r2: { a: 0 }, r3: { a: 50 }, r4: { a: 0 } },
        { r1: { a: 5 }, r2: { a: 30 }, r3: { a: 0 }, r4: { a: 10 }, r5: { a: 99 } },
      ],
      ['a'],
    );
    const ids = async (query: string): Promise<unknown> => {
      const { items, total } = members(await get(`Compare?metrics=a&ago=1m${query}`));
      return [total, (items as { switch_id: string }[]).map(({ switch_id }) => switch_id).join(' ')];
    };
    expect(await ids('&sort=-a')).toEqual([5, 'r2 r4 r1 r3 r5']);
    expect(await ids('&sort=a&limit=2')).toEqual([5, 'r1 r4']);
    expect(await ids('&sort=-a&limit=2&offset=1')).toEqual([5, 'r4 r1']);
    expect(await ids('&limit=2&offset=1')).toEqual([5, 'r2 r3']);
    expect(await ids('&where=a%20gt%205&sort=-@key')).toEqual([3, 'r5 r4 r2']);
    expect(rig.jobs.ran).toContain('encodeComparison');
  });
});
