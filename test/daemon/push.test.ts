/** Bodies that clients push, against the real program. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CSV, GZIP, NDJSON, PushRig } from '../fixtures/push-rig.js';
import { splitResponses } from '../fixtures/raw-http.js';
import { until } from '../fixtures/until.js';
import { Started } from '../fixtures/weft-process.js';

const started = new Started();
let rig: PushRig;

beforeAll(async () => {
  // Each test that must not disturb others has a source of its own.
  rig = await PushRig.start(started, ['lab', 'once', 'slow', 'busy', 'gz', 'cut', 'nd', 'raw']);
});
afterAll(() => started.endAll());

/** Sample times, in the past. */
let sampleMs = 1_700_000_000_000;
const at = (ms: number): Record<string, string> => ({ ...CSV, 'X-Snapshot-Ts': String(ms) });

describe('a push', () => {
  test('is served when it is answered', async () => {
    expect((await rig.client.source('lab')).state).toBe('starting');
    const { status, json } = await rig.push('lab', 'switch_id,a,b\nlab-1,18446744073709551615,x\nlab-2,,y\n');
    expect(status).toBe(202);
    expect(json).toEqual({
      source: 'lab',
      outcome: 'ok',
      snapshot_id: expect.stringMatching(/^[a-z0-9]+-\d+$/) as unknown,
      rows: 2,
      columns: 2,
      rejected_cells: 0,
      rejected_rows: 0,
    });
    expect(await rig.valueOf('lab-1')).toBe(18446744073709551615n);
    const source = await rig.client.source('lab');
    expect(source).toMatchObject({ state: 'ok', rows: 2, polls: { ok: 1 } });
    expect(rig.weft.events('push.run').at(-1)).toMatchObject({ source: 'lab', result: 'ok' });
    expect((await rig.client.get('/health/ready')).status).toBe(200);
  });

  test('may come in chunks, and then closes the connection', async () => {
    const text = 'switch_id,a\nlab-3,3\n';
    const chunks = [...text].map((c) => `1\r\n${c}\r\n`).join('');
    const [reply] = await rig.raw('raw', `Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
    expect(reply).toMatchObject({ status: 202 });
    expect(reply!.headers.get('connection')).toBe('close');
    expect(await rig.valueOf('lab-3')).toBe(3);
  });

  test('may be NDJSON, with every digit', async () => {
    const lines = '{"switch_id":"nd-1","a":18446744073709551615,"up":true}\n{"b":"x,y","switch_id":"nd-2"}\n';
    expect(await rig.push('nd', lines, NDJSON)).toMatchObject({ status: 202, json: { rows: 2, columns: 3 } });
    expect(await rig.valueOf('nd-1')).toBe(18446744073709551615n);
    expect(await rig.valueOf('nd-1', 'up')).toBe('true');
    expect(await rig.valueOf('nd-2', 'b')).toBe('x,y');
    const bad = await rig.push('nd', '{"switch_id":"nd-1","a":1}\n{"switch_id":"nd-2","a":{}}\n', NDJSON);
    expect(bad).toMatchObject({ status: 422, json: { error: 'unprocessable' } });
    expect(bad.json['message']).toContain("line 2, key 'a'");
  });

  test('may be gzip', async () => {
    expect(await rig.push('gz', gzipSync('switch_id,a\ngz-1,1\n'), GZIP)).toMatchObject({ status: 202 });
    expect(await rig.valueOf('gz-1')).toBe(1);
  });

  test('two requests on one connection are two pushes', async () => {
    const rest = (value: number): string => {
      const body = `switch_id,a\nlab-9,${value}\n`;
      return `Content-Length: ${body.length}\r\n\r\n${body}`;
    };
    const one = rig.begin('raw', rest(5));
    await one.until((text) => splitResponses(text).length === 1);
    one.send(`POST /telemetry/ingest/raw HTTP/1.1\r\nHost: w\r\nContent-Type: text/csv\r\n${rest(6)}`);
    await one.until((text) => splitResponses(text).length === 2);
    one.end();
    expect(splitResponses(one.text).map(({ status }) => status)).toEqual([202, 202]);
    expect(await rig.valueOf('lab-9')).toBe(6);
  });
});

test('pushes are idempotent by their sample time', async () => {
  const first = 'switch_id,a\nonce-1,1\n';
  const second = 'switch_id,a\nonce-1,2\n';
  sampleMs += 1000;
  expect(await rig.push('once', first, at(sampleMs))).toMatchObject({ status: 202, json: { outcome: 'ok' } });
  const { version } = await rig.client.source('once');
  expect(await rig.push('once', first, at(sampleMs))).toMatchObject({
    status: 202,
    json: { outcome: 'identical' },
  });
  const zipped = { ...at(sampleMs), 'Content-Encoding': 'gzip' };
  expect(await rig.push('once', gzipSync(first), zipped)).toMatchObject({ json: { outcome: 'identical' } });
  for (const [body, ms] of [
    [second, sampleMs],
    ['switch_id,a,b\nonce-1,1,1\n', sampleMs],
    ['switch_id,a\nonce-1,text\n', sampleMs],
    [first, sampleMs - 1],
    [second, sampleMs - 1],
  ] as const) {
    expect(await rig.push('once', body, at(ms))).toMatchObject({ status: 409, json: { error: 'conflict' } });
  }
  expect(await rig.client.source('once')).toMatchObject({
    version,
    state: 'ok',
    polls: { conflict: 5, identical: 2 },
  });
  expect(await rig.valueOf('once-1')).toBe(1);
  expect(await rig.push('once', second, at(sampleMs + 1))).toMatchObject({
    status: 202,
    json: { outcome: 'ok' },
  });
  const read = await rig.client.get('/telemetry/GetMetric?switch_id=once-1&metric=a');
  expect(read.json).toMatchObject({ value: 2, timestamp: new Date(sampleMs + 1).toISOString() });
  // Without a time every body counts as new.
  expect(await rig.push('once', second)).toMatchObject({ status: 202, json: { outcome: 'identical' } });
  expect(await rig.push('once', first)).toMatchObject({ status: 202, json: { outcome: 'ok' } });
});

describe('is never published when', () => {
  const beginnings: Readonly<Record<string, string>> = {
    'its length was not reached': 'Content-Length: 100\r\n\r\nswitch_id,a\ncut-1,1\n',
    'its chunks end early': 'Transfer-Encoding: chunked\r\n\r\n14\r\nswitch_id,a\ncut-1,1\n\r\n',
  };

  test.each(Object.entries(beginnings))('%s', async (_name, rest) => {
    const one = await rig.half('cut', rest);
    const before = (await rig.polls('cut'))['truncated'] ?? 0;
    one.socket.end();
    await until('its end', async () => ((await rig.polls('cut'))['truncated'] ?? 0) > before);
    one.end();
    expect(await rig.client.source('cut')).toMatchObject({ state: 'starting', rows: 0 });
  });

  test('its client stops sending', async () => {
    const one = rig.begin('slow', `Content-Length: 100\r\n\r\nswitch_id,a\ns,1\n`);
    const { text, closed } = await one.until(() => false);
    expect(closed).toBe(true);
    expect(splitResponses(text)[0]).toMatchObject({ status: 408 });
    expect(text).toContain('POLL_TIMEOUT_MS (timeout_ms)');
    expect(await rig.polls('slow')).toEqual({ timeout: 1 });
    expect(await rig.push('slow', 'switch_id,a\ns,1\n')).toMatchObject({ status: 202 });
  });
});

test('one push of a source at a time, and a slow one disturbs no other source', async () => {
  const body = 'switch_id,a\nbusy-1,1\n';
  const one = await rig.half('busy', `Content-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`);
  const refused = await rig.push('busy', body);
  expect(refused).toMatchObject({ status: 503, json: { error: 'overloaded' } });
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await rig.push('gz', 'switch_id,a\ngz-2,7\n')).toMatchObject({ status: 202 });
  one.send(body.slice(5));
  const { text } = await one.until((now) => now.endsWith('}'));
  expect(splitResponses(text)[0]).toMatchObject({ status: 202 });
  one.end();
  expect((await rig.polls('busy'))['ok']).toBe(1);
});

test('a body that is larger than a socket buffer arrives whole, plain and gzip', async () => {
  const rows = Array.from({ length: 9_000 }, (_, i) => `gz-${i},${i * 7}\n`).join('');
  const text = `switch_id,a\n${rows}`;
  expect(await rig.push('gz', text)).toMatchObject({ status: 202, json: { rows: 9_000 } });
  expect(await rig.push('gz', gzipSync(text), GZIP)).toMatchObject({
    status: 202,
    json: { outcome: 'identical' },
  });
  let next = 0;
  const stream = new ReadableStream({
    pull(controller) {
      controller.enqueue(Buffer.from(text.slice(next, next + 10_000)));
      next += 10_000;
      if (next >= text.length) controller.close();
    },
  });
  expect(await rig.push('gz', stream)).toMatchObject({ status: 202, json: { outcome: 'identical' } });
});
