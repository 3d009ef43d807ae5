import { afterAll, describe, expect, it } from 'vitest';
import { RawClient, request, splitResponses } from '../../fixtures/raw-http.js';
import { members, ServerRig } from '../../fixtures/server-rig.js';
import { row } from '../../fixtures/tables.js';

const odd = [
  'a/b',
  'a%2Fb',
  '%25',
  'ü',
  '日本',
  '..',
  'a b',
  'a+b',
  'a&b',
  'a,b',
  '__proto__',
  'constructor',
];
const rig = new ServerRig({ rows: odd.map((id, i) => row(id, { value: i })) });
afterAll(() => rig.close());

const PATH = '/telemetry/GetMetric';

describe('ids of any character', () => {
  it.each(odd.map((id, i) => [id, i] as const))('%s', async (id, value) => {
    const encoded = encodeURIComponent(id).replaceAll('.', '%2E');
    for (const path of [`${PATH}?metric=value&switch_id=${encoded}`, `${PATH}/value/${encoded}`]) {
      // By hand: clients take %2E%2E for the folder above.
      const { status, body } = await raw(path);
      expect([status, JSON.parse(Buffer.from(body, 'latin1').toString())]).toMatchObject([
        200,
        { switch_id: id, value },
      ]);
    }
  });

  it('are decoded exactly once', async () => {
    const reply = await rig.get(`${PATH}?metric=value&switch_id=%2525`);
    expect([reply.status, members(reply)['switch_id']]).toEqual([200, '%25']);
    expect((await rig.get(`${PATH}?metric=value&switch_id=%252F`)).status).toBe(404);
  });

  it('a plus is a space in a query and itself in a path', async () => {
    expect(members(await rig.get(`${PATH}?metric=value&switch_id=a+b`))['switch_id']).toBe('a b');
    expect(members(await rig.get(`${PATH}/value/a+b`))['switch_id']).toBe('a+b');
  });
});

/** Sent by hand: clients repair some of these. */
async function raw(target: string): Promise<{ status: number; body: string }> {
  const client = new RawClient(rig.port);
  client.send(request('GET', target));
  await client.until((text) => splitResponses(text).some(({ body }) => body !== ''));
  client.end();
  return splitResponses(client.text)[0]!;
}

describe('bad encodings', () => {
  it.each([
    '%',
    '%4',
    '%zz',
    'a%',
    '%00',
    '%0d%0aX-Evil:1',
    '%C0%AF',
    '%ED%A0%80',
    '%ff',
    '\xff',
    '\xc3',
    '%7f',
    '%1b',
  ])('%j is refused, naming the parameter', async (value) => {
    const query = await raw(`${PATH}?metric=value&switch_id=${value}`);
    expect([query.status, JSON.parse(query.body)]).toMatchObject([400, { error: 'bad_encoding' }]);
    expect(query.body).toContain('switch_id');
    const path = await raw(`${PATH}/value/${value}`);
    expect([path.status, JSON.parse(path.body)]).toMatchObject([400, { error: 'bad_encoding' }]);
  });

  it('UTF-8 may come as it is', async () => {
    const id = Buffer.from('日本').toString('latin1');
    expect(JSON.parse((await raw(`${PATH}?metric=value&switch_id=${id}`)).body)).toMatchObject({ value: 4 });
  });

  it('names of parameters are decoded, too', async () => {
    expect((await raw(`${PATH}?metric=value&switch%5Fid=a%20b`)).status).toBe(200);
    expect((await raw(`${PATH}?metric=value&switch%zzid=a`)).status).toBe(400);
  });
});

describe('nothing that was sent is sent back unseen', () => {
  it.each(['a\tb', 'a b', 'x'.repeat(65), 'a;b', 'é', '<script>'])(
    'X-Request-Id: %j is replaced',
    async (id) => {
      const client = new RawClient(rig.port);
      client.send(`GET /nope HTTP/1.1\r\nHost: a\r\nX-Request-Id: ${id}\r\n\r\n`);
      const { text } = await client.until((all) => all.includes('}'));
      client.end();
      expect(text).toMatch(/\r?\nX-Request-Id: [a-z0-9]{8}-[a-z0-9]+\r\n/);
      expect(text).not.toContain(id);
    },
  );

  it('two X-Request-Id are none', async () => {
    const client = new RawClient(rig.port);
    client.send('GET /nope HTTP/1.1\r\nHost: a\r\nX-Request-Id: one\r\nX-Request-Id: two\r\n\r\n');
    const { text } = await client.until((all) => all.includes('}'));
    client.end();
    expect(text).not.toMatch(/X-Request-Id: (one|two)/);
  });

  it('line breaks in an id split no header', async () => {
    const { body } = await raw(`${PATH}?metric=value&switch_id=a%0d%0aSet-Cookie:%20x=1`);
    expect(body).not.toContain('\n');
    const header = await rig.get('/telemetry/ListMetrics', { 'X-Dialect': 'map\tx' });
    expect([header.status, members(header)['error']]).toEqual([400, 'bad_value']);
  });
});

it('a query beyond its limit is 414', async () => {
  const { status, body } = await raw(`/telemetry/ListMetrics?switches=${'x,'.repeat(9000)}`);
  expect([status, JSON.parse(body)]).toMatchObject([414, { error: 'too_large' }]);
});
