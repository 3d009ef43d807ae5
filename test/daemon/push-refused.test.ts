/** Pushes that the real program refuses. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BODY_BYTES_MAX, CSV, DECODED_BYTES_MAX, GZIP, PushRig } from '../fixtures/push-rig.js';
import { splitResponses } from '../fixtures/raw-http.js';
import { Started } from '../fixtures/weft-process.js';

const started = new Started();
let rig: PushRig;

beforeAll(async () => {
  // Each test that must not disturb others has a source of its own.
  rig = await PushRig.start(started, ['lab', 'bad', 'shy']);
});
afterAll(() => started.endAll());

describe('is refused by its head', () => {
  const body = 'switch_id,a\nx,1\n';
  const tomorrow = String(Date.now() + 25 * 3_600_000);

  test.each([
    ['an unknown source', 'nope', CSV, 404, 'not_found', "there is no source 'nope'"],
    ['a source that polls', 'polled', CSV, 404, 'not_found', "source 'polled' is polled"],
    ['no media type', 'shy', { 'Content-Type': '' }, 415, 'unsupported_media_type', 'text/csv and'],
    [
      'JSON',
      'shy',
      { 'Content-Type': 'application/json' },
      415,
      'unsupported_media_type',
      'application/json',
    ],
    ['another coding', 'shy', { ...CSV, 'Content-Encoding': 'br' }, 415, 'unsupported_media_type', "'br'"],
    [
      'two codings',
      'shy',
      { ...CSV, 'Content-Encoding': 'gzip, gzip' },
      415,
      'unsupported_media_type',
      'gzip',
    ],
    ['seconds', 'shy', { ...CSV, 'X-Snapshot-Ts': '1700000000' }, 400, 'bad_value', 'X-Snapshot-Ts'],
    ['the day after', 'shy', { ...CSV, 'X-Snapshot-Ts': tomorrow }, 400, 'bad_value', 'a day ahead'],
  ])('%s', async (_name, source, headers, status, error, message) => {
    const answer = await rig.push(source, body, headers);
    expect(answer).toMatchObject({ status, json: { error } });
    expect(answer.json['message']).toContain(message);
    expect(Object.keys(answer.json).sort()).toEqual(['detail', 'error', 'message', 'request_id']);
  });

  test('a body of unknown length', async () => {
    const [reply] = await rig.raw('shy', '\r\n');
    expect(reply).toMatchObject({ status: 411 });
  });

  test('framing that two servers could read differently', async () => {
    for (const head of [
      'Transfer-Encoding: chunked\r\nContent-Length: 3\r\n',
      'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
      'Transfer-Encoding: gzip, chunked\r\n',
      'Content-Length: 3\r\nContent-Length: 4\r\n',
    ]) {
      const replies = await rig.raw('shy', `${head}\r\n0\r\n\r\n`);
      for (const { status } of replies) expect(status, head).toBe(400);
    }
    expect(await rig.polls('shy')).toEqual({});
  });

  test('a parameter that the path does not know', async () => {
    expect(await rig.push('shy?force=1', body)).toMatchObject({
      status: 400,
      json: { error: 'unknown_parameter' },
    });
  });

  test('an announced length above the cap, of which nothing is read', async () => {
    const one = rig.begin('shy', `Content-Length: 1073741824\r\n\r\nswitch_id`);
    const { text } = await one.until(() => false);
    const [reply] = splitResponses(text);
    expect(reply!.status).toBe(413);
    expect(reply!.body).toContain(`exceeds ${BODY_BYTES_MAX} bytes; raise MAX_BODY_BYTES (max_body_bytes)`);
    expect(one.closed).toBe(true);
  });
});

test('other methods are refused', async () => {
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
    const reply = await rig.client.get('/telemetry/ingest/lab', { method });
    expect([reply.status, reply.header('allow')], method).toEqual([405, 'POST, OPTIONS']);
  }
  const options = await rig.client.get('/telemetry/ingest/lab', { method: 'OPTIONS' });
  expect([options.status, options.header('allow')]).toEqual([204, 'POST, OPTIONS']);
  const reads = await rig.client.get('/telemetry/ListMetrics', { method: 'POST' });
  expect([reads.status, reads.header('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
});

describe('is refused while it comes', () => {
  test('chunks beyond the cap on the wire', async () => {
    const chunk = `2000\r\n${'x'.repeat(0x2000)}\r\n`;
    const one = rig.begin('bad', `Transfer-Encoding: chunked\r\n\r\n`);
    for (let i = 0; i < 64; i++) one.send(chunk);
    const { text } = await one.until((now) => now.endsWith('}'));
    expect(splitResponses(text)[0]).toMatchObject({ status: 413 });
    expect(text).toContain('MAX_BODY_BYTES');
    one.end();
  });

  test('a gzip bomb stops at the cap', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000, 'a'));
    expect(bomb.length).toBeLessThan(BODY_BYTES_MAX);
    const answer = await rig.push('bad', bomb, GZIP);
    expect(answer).toMatchObject({ status: 413, json: { error: 'too_large' } });
    expect(answer.json['message']).toContain(`exceeds ${DECODED_BYTES_MAX} bytes`);
  });

  test.each([
    ['cut gzip', gzipSync('switch_id,a\nb,1\n').subarray(0, -9), GZIP, 400, 'bad_encoding'],
    [
      'bytes behind gzip',
      Buffer.concat([gzipSync('switch_id,a\nb,1\n'), Buffer.from('x')]),
      GZIP,
      400,
      'bad_encoding',
    ],
    ['no gzip at all', Buffer.from('switch_id,a\nb,1\n'), GZIP, 400, 'bad_encoding'],
    ['nothing', Buffer.alloc(0), { ...CSV, 'Content-Length': '0' }, 422, 'unprocessable'],
    ['an empty gzip body', Buffer.alloc(0), { ...GZIP, 'Content-Length': '0' }, 422, 'unprocessable'],
    ['a ragged row', Buffer.from('switch_id,a\nb,1\nc\n'), CSV, 422, 'unprocessable'],
    ['a cut last row', Buffer.from('switch_id,a\nb,1'), CSV, 422, 'unprocessable'],
    ['a page', Buffer.from('<html></html>\n'), CSV, 422, 'unprocessable'],
  ])('%s', async (_name, body, headers, status, error) => {
    expect(await rig.push('bad', body, headers)).toMatchObject({ status, json: { error } });
  });

  test('and the message names the line', async () => {
    const { json } = await rig.push('bad', 'switch_id,a\nb,1\nc\n');
    expect(json['message']).toContain('line 3');
    expect((await rig.client.source('bad')).state).toBe('starting');
    expect((await rig.client.source('bad')).last_error).toContain('line 3');
  });
});
