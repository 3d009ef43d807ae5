/** Bodies that arrive whole and are wrong, or only look wrong: U-04 to U-07 and U-10 to U-15. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FaultWorld, goodBody, ROW_COUNT } from '../fixtures/fault-world.js';
import { until } from '../fixtures/until.js';
import { Started } from '../fixtures/weft-process.js';

const HEADER = 'switch_id,rx,tx,load,note';
const MIB = 1024 * 1024;

const started = new Started();
let world: FaultWorld;

beforeAll(async () => {
  world = await FaultWorld.start(started);
});
afterAll(() => started.endAll());
afterEach(() => world.recover());

/** A good body with one line exchanged; line 1 is the header. */
function withLine(line: number, text: string): string {
  const lines = goodBody(900).split('\n');
  lines[line - 1] = text;
  return lines.join('\n');
}

/** Deterministic noise of every byte value. */
function noise(bytes: number): Buffer {
  let state = 1;
  return Buffer.from(
    Array.from({ length: bytes }, () => ((state = (state * 1103515245 + 12345) % 2 ** 31) >>> 16) & 255),
  );
}

const REFUSED: readonly (readonly [what: string, body: string | Buffer, outcome: string, error: RegExp])[] = [
  ['U-04: cut inside the last number', goodBody(900).slice(0, -8), 'truncated', /line 41/],
  ['U-04: no line break at the end', goodBody(900).trimEnd(), 'truncated', /require_final_newline/],
  ['U-05: a login page that says it is CSV', '<!doctype html>\n<title>Log in</title>\n', 'schema', /a page/],
  ['U-05: a JSON error that says it is CSV', '{"error":"busy"}\n', 'schema', /key/],
  ['U-06: the header alone', `${HEADER}\n`, 'empty', /allow_empty/],
  ['U-06: blank lines', '\n\n', 'empty', /./],
  ['U-07: a NUL', withLine(4, 'r2,1,\0,1,n'), 'encoding', /byte \d+|offset \d+/],
  ['U-07: another control character', withLine(4, 'r2,1,1,1,\x07'), 'encoding', /byte \d+|offset \d+/],
  ['U-07: UTF-16', Buffer.from(`\ufeff${goodBody(900)}`, 'utf16le'), 'encoding', /./],
  ['U-07: noise', noise(20_000), 'encoding', /./],
  ['U-11: a cell less', withLine(3, 'r1,900,900,900.5'), 'parse', /line 3/],
  ['U-11: a cell more', withLine(3, 'r1,900,900,900.5,n900,1'), 'parse', /line 3/],
  ['U-13: two columns of one name', withLine(1, 'switch_id,rx,rx,load,note'), 'schema', /'rx'/],
  ['U-13: no key column', withLine(1, 'name,rx,tx,load,note'), 'schema', /key/],
  ['U-14: a row twice', withLine(3, 'r0,900,900,900.5,n900'), 'parse', /r0.*duplicate_rows/],
  ['an empty key', withLine(3, ',900,900,900.5,n900'), 'parse', /line 3/],
];

test.each(REFUSED)('%s', async (_what, body, outcome, error) => {
  expect(await world.endure({ body }, outcome)).toMatch(error);
});

test('U-10: an unclosed quote fails within the limit of one record, not at the end', async () => {
  const filler = `r9,1,1,1.5,n1\n`.repeat((8 * MIB) / 14);
  const body = withLine(3, 'r1,900,900,900.5,"n900') + filler;
  const { fetch_ms: before } = await world.source();
  const error = await world.endure({ body }, 'parse', 1);
  expect(error).toMatch(/line 3/);
  expect(error).toMatch(/1048576|1 ?MiB/);
  expect((await world.source()).fetch_ms.count).toBeGreaterThan(before.count);
});

test('U-07: a cell that is not UTF-8 is read as Latin-1 and counted', async () => {
  const counted = await world.weft.metric('weft_source_latin1_cells_total');
  world.break({ body: Buffer.from(withLine(3, 'r1,900,900,900.5,caf\xe9'), 'latin1') });
  await until('the text', async () => {
    const reply = await world.weft.get('/telemetry/GetMetric?switch_id=r1&metric=note&format=text');
    return reply.text === 'café';
  });
  expect(await world.weft.metric('weft_source_latin1_cells_total')).toBe(counted + 1);
});

describe('U-12: columns change', () => {
  const cases: readonly (readonly [string, string, (cells: string[]) => string[]])[] = [
    ['added', 'switch_id,rx,tx,load,note,extra', (cells) => [...cells, '7']],
    ['removed', 'switch_id,rx,tx,load', (cells) => cells.slice(0, 4)],
    ['renamed', 'switch_id,rx,tx,load,remark', (cells) => cells],
    ['reordered', 'note,tx,switch_id,load,rx', ([id, rx, tx, load, note]) => [note!, tx!, id!, load!, rx!]],
  ];

  test.each(cases)('%s: published whole, as a new generation', async (_what, header, change) => {
    const before = await world.source();
    const lines = goodBody(900).trimEnd().split('\n').slice(1);
    const body = [header, ...lines.map((line) => change(line.split(',')).join(','))].join('\n');
    world.break({ body: `${body}\n` });
    const fields = header.split(',').filter((name) => name !== 'switch_id');
    await until('the new fields', async () => {
      const schema = await world.weft.json('/telemetry/schema');
      const names = (schema['fields'] as { name: string }[]).map(({ name }) => name);
      return names.join() === fields.join();
    });
    const after = await world.source();
    expect([after.version, after.generation]).toEqual([before.version + 1, before.generation + 1]);
    const list = await world.weft.json('/telemetry/ListMetrics?fields=rx,load');
    expect(list['total']).toBe(ROW_COUNT);
    for (const item of list['items'] as object[]) expect(item).toMatchObject({ rx: 900, load: 900.5 });
    const gone = await world.weft.get('/telemetry/GetMetric?switch_id=r1&metric=note');
    expect(gone.status).toBe(fields.includes('note') ? 200 : 404);
  });
});

test('rows come and go: what vanished is not served, what comes back is', async () => {
  const lines = goodBody(900).split('\n');
  world.break({ body: [...lines.slice(0, 2), ...lines.slice(11)].join('\n') });
  const total = async (): Promise<unknown> => (await world.weft.json('/telemetry/ListMetrics'))['total'];
  await until('fewer rows', async () => (await total()) === ROW_COUNT - 9);
  const gone = await world.weft.get('/telemetry/GetMetric?switch_id=r5&metric=rx');
  expect([gone.status, gone.json['error']]).toEqual([404, 'unknown_switch']);
  expect((await world.source()).rows).toBe(ROW_COUNT - 9);
});

test('U-13: names that JavaScript knows are plain data', async () => {
  const odd = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
  world.break({ body: `switch_id,${odd.join(',')}\n__proto__,1,2,3,4\nconstructor,5,6,7,8\n` });
  await until('the odd rows', async () => (await world.source()).rows === 2);
  const { text } = await world.weft.get('/telemetry/ListMetrics');
  const cells = odd.map((name, i) => `"${name}":${i + 1}`).join(',');
  expect(text).toContain(`{"switch_id":"__proto__",${cells}}`);
  const map = await world.weft.get('/telemetry/ListMetrics?shape=map');
  expect(map.text).toContain('"constructor":{"__proto__":5,"constructor":6,');
  const one = await world.weft.json('/telemetry/GetMetric?switch_id=constructor&metric=toString');
  expect(one['value']).toBe(7);
  expect((await world.weft.get('/telemetry/GetMetric?switch_id=r0&metric=valueOf')).status).toBe(404);
  expect((await world.weft.stats()).sources).toHaveProperty('default');
});

test('U-15: the numeric grammar: what is no number is missing and counted, never 0', async () => {
  const before = await world.source();
  const fine = Array.from({ length: 8 }, (_, row) => `r${row},1,1,1,1,1,1,1,1`).join('\n');
  const odd = 'odd,NaN,Infinity,1e999,0x10, 12 ,"1,5",,-0.0';
  world.break({ body: `switch_id,nan,inf,huge,hex,blanks,comma,empty,zero\n${fine}\n${odd}\n` });
  await until('the odd row', async () => (await world.source()).rows === 9);
  const list = await world.weft.json('/telemetry/ListMetrics?switches=odd');
  expect((list['items'] as object[])[0]).toEqual({
    ...{ switch_id: 'odd', nan: null, inf: null, huge: null, hex: null },
    ...{ blanks: 12, comma: null, empty: null, zero: expect.closeTo(0) as number },
  });
  const after = await world.source();
  expect(after.rejected_cells - before.rejected_cells).toBe(5);
  expect(after.columns.map(({ kind }) => kind)).not.toContain('text');
  const bare = await world.weft.get('/telemetry/GetMetric?switch_id=odd&metric=nan&format=text');
  expect([bare.status, bare.text]).toEqual([200, 'null']);
  const csv = await world.weft.get('/telemetry/ListMetrics?metrics=nan,blanks,empty&switches=odd');
  expect(csv.text).toBe('switch_id,nan,blanks,empty\r\nodd,,12,\r\n');
});

describe('bodies that only look wrong', () => {
  const lines = goodBody(900);
  test.each([
    ['a BOM', `\ufeff${lines}`],
    ['CR LF', lines.replaceAll('\n', '\r\n')],
    ['a blank last line', `${lines}\n`],
    ['quoted cells', lines.replaceAll(/n900/g, '"n900"')],
    ['the header once more inside', lines.replace('r20,', `${HEADER}\nr20,`)],
  ])('%s', async (_what, body) => {
    const { version } = await world.source();
    world.break({ body });
    await until('the body', async () => (await world.served()) === 900);
    expect((await world.source()).version).toBe(version + 1);
  });

  test('a quoted line break and doubled quotes stay in their cell', async () => {
    world.break({ body: withLine(3, 'r1,900,900,900.5,"two\nlines, ""quoted"""') });
    await until('the text', async () => {
      const one = await world.weft.json('/telemetry/GetMetric?switch_id=r1&metric=note');
      return one['value'] === 'two\nlines, "quoted"';
    });
    const csv = await world.weft.get('/telemetry/ListMetrics?metrics=note&switches=r1');
    expect(csv.text).toBe('switch_id,note\r\nr1,"two\nlines, ""quoted"""\r\n');
  });
});

test('the same bytes again are identical: no version, no snapshot id', async () => {
  const before = await world.source();
  const id = (await world.weft.json('/telemetry/schema'))['snapshot_id'];
  await until('identical polls', async () => {
    return (await world.source()).polls['identical']! >= before.polls['identical']! + 3;
  });
  expect((await world.source()).version).toBe(before.version);
  expect((await world.weft.json('/telemetry/schema'))['snapshot_id']).toBe(id);
});
