/** H: JSON that is broken, deep or odd, where weft takes JSON: pushes of NDJSON. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Abuser } from '../fixtures/abuse.js';
import { NDJSON, PushRig } from '../fixtures/push-rig.js';
import { until } from '../fixtures/until.js';
import { Started } from '../fixtures/weft-process.js';

/** The row's number; a body of this depth is below the cap of PushRig. */
const DEPTH = 90_000;
const GOOD = '{"switch_id":"x","a":1}\n';

const started = new Started();
let rig: PushRig;
let abuser: Abuser;
beforeAll(async () => {
  rig = await PushRig.start(started, ['bad', 'odd', 'good']);
  abuser = new Abuser(rig.client.base);
  expect((await rig.push('good', GOOD, NDJSON)).status).toBe(202);
});
afterAll(async () => {
  abuser.tell('JSON');
  await started.endAll();
});

/** A push that has its turn: another one of the source may still be under way. */
async function push(source: string, body: string, headers: Readonly<Record<string, string>> = NDJSON) {
  return until('the turn of a push', async () => {
    const answer = await rig.push(source, body, headers);
    return answer.status !== 503 && answer;
  });
}

const BROKEN: readonly (readonly [name: string, body: string])[] = [
  ['cut', '{"switch_id":"x","a":'],
  ['cut in a name', '{"switch_'],
  ['cut in a text', '{"switch_id":"x'],
  ['not closed', '{"switch_id":"x","a":1'],
  ['closed twice', '{"switch_id":"x","a":1}}'],
  ['two objects', '{"switch_id":"x"}{"switch_id":"y"}'],
  ['without a colon', '{"switch_id" "x"}'],
  ['without quotes', '{switch_id:"x"}'],
  ['in single quotes', "{'switch_id':'x'}"],
  ['a comma too much', '{"switch_id":"x",}'],
  ['a comma too few', '{"switch_id":"x" "a":1}'],
  ['a comment', '{"switch_id":"x"/* */}'],
  ['NaN', '{"switch_id":"x","a":NaN}'],
  ['a leading zero', '{"switch_id":"x","a":01}'],
  ['a plus', '{"switch_id":"x","a":+1}'],
  ['hexadecimal', '{"switch_id":"x","a":0x10}'],
  ['a point without digits', '{"switch_id":"x","a":1.}'],
  ['a broken escape', '{"switch_id":"\\x41"}'],
  ['half an escape', '{"switch_id":"\\u12"}'],
  ['a bare line feed in a text', '{"switch_id":"a\nb"}'],
  ['a bare NUL', '{"switch_id":"a\0b"}'],
  ['a list', '["switch_id","x"]'],
  ['a text', '"switch_id"'],
  ['a number', '42'],
  ['null', 'null'],
  ['no JSON', 'switch_id,a\nx,1'],
  ['HTML', '<html></html>'],
  ['deep lists', `{"switch_id":"x","a":${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}}`],
  ['deep lists without an end', `{"switch_id":"x","a":${'['.repeat(2 * DEPTH)}`],
  ['deep objects', `${'{"a":'.repeat(DEPTH / 3)}1${'}'.repeat(DEPTH / 3)}`],
  ['deep alone', '['.repeat(2 * DEPTH)],
];

test.each(BROKEN)('H-20: JSON that is %s is refused, and the table stays', async (_name, body) => {
  abuser.badInputs++;
  const answer = await push('bad', `${body}\n`);
  expect([answer.status, answer.json['error']]).toEqual([422, 'unprocessable']);
  expect(await rig.valueOf('x')).toBe(1);
  expect((await rig.client.source('bad')).version).toBe(0);
});

test('H-20: __proto__ and its like are names as others are', async () => {
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__'];
  abuser.badInputs += names.length;
  const cells = names.map((name, i) => `"${name}":${i + 1}`).join();
  const answer = await push(
    'odd',
    `{"switch_id":"__proto__",${cells}}\n{"switch_id":"constructor",${cells}}\n`,
  );
  expect(answer.status).toBe(202);
  for (const row of ['__proto__', 'constructor']) {
    for (const [i, name] of names.entries())
      expect([row, name, await rig.valueOf(row, name)]).toEqual([row, name, i + 1]);
  }
  // An object as a value changes no prototype, whatever else comes of it.
  await push(
    'odd',
    '{"switch_id":"z","__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}}\n',
  );
  for (const path of ['/stats', '/health', '/telemetry/schema', '/telemetry/ListMetrics?shape=map']) {
    expect((await rig.client.get(path)).text).not.toContain('polluted');
  }
  expect((await rig.client.json('/health'))['ok']).toBe(true);
});

test('H-20: another content type is 415', async () => {
  const types = [
    '',
    'application/json',
    'text/html',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
  ];
  for (const type of [
    ...types,
    'text/csvx',
    'ndjson',
    'application/x-ndjson2',
    'text/csv, text/csv',
    '*/*',
  ]) {
    abuser.badInputs++;
    const answer = await push('bad', GOOD, { 'Content-Type': type });
    expect([type, answer.status, answer.json['error']]).toEqual([type, 415, 'unsupported_media_type']);
  }
});

test('H-20: a deep body holds up nobody', async () => {
  const deep = `{"switch_id":"x","a":${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}}\n`;
  // Twenty of them: the loop's greatest delay is weft's own measure, of the whole run so far.
  for (let i = 0; i < 20; i++) {
    abuser.badInputs++;
    const [answer, health] = await Promise.all([
      rig.push('bad', deep, NDJSON),
      rig.client.get('/health/live'),
    ]);
    expect([health.status, [422, 503].includes(answer.status)]).toEqual([200, true]);
  }
  expect(await rig.valueOf('x')).toBe(1);
  expect(rig.weft.running).toBe(true);
});
