/** H: more connections than there may be. */
import { afterAll, expect, test } from 'vitest';
import { AbusedWeft, CELL } from '../fixtures/abused-weft.js';
import { RawClient, request, splitResponses } from '../fixtures/raw-http.js';
import { until, within } from '../fixtures/until.js';
import { Started } from '../fixtures/weft-process.js';

const started = new Started();
afterAll(() => started.endAll());

const WAVE = 250;
const ASK_EVERY_MS = 10;

/** Opens so many connections that say nothing; resolves when each is open or was closed. */
async function flood(weft: AbusedWeft, count: number): Promise<RawClient[]> {
  const all: RawClient[] = [];
  while (all.length < count) {
    const wave = Array.from({ length: Math.min(WAVE, count - all.length) }, () => new RawClient(weft.port));
    weft.abuser.badInputs += wave.length;
    const made = wave.map(
      ({ socket }) => new Promise((done) => socket.once('connect', done).once('close', done)),
    );
    await within('a wave of connections', Promise.all(made));
    all.push(...wave);
  }
  return all;
}

/** Asks over one connection until told to stop; every answer must be 200. */
function keepAsking(port: number): () => Promise<number> {
  const one = new RawClient(port);
  let isOver = false;
  let answers = 0;
  const loop = (async () => {
    while (!isOver) {
      one.send(request('GET', CELL));
      answers++;
      await within(
        'an answer',
        one.until((text) => text.split('"metric_name"').length > answers),
      );
      if (one.closed) throw new Error(`a served client was closed behind ${answers - 1} answers`);
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
    const statuses = splitResponses(one.text).map(({ status }) => status);
    expect(statuses).toEqual(statuses.map(() => 200));
    one.end();
    return answers;
  })();
  loop.catch(() => {});
  return () => {
    isOver = true;
    return loop;
  };
}

test('H-03: 10,000 connections where 1,000 may be', async () => {
  const FLOOD = 10_000;
  const weft = await AbusedWeft.start(started, { env: { CONNECTIONS_MAX: 1_000 } });
  const cap = await weft.gauge('connections_max');
  const served = Array.from({ length: 4 }, () => keepAsking(weft.port));
  await until('the served clients', async () => (await weft.gauge('connections')) >= 5);
  const all = await flood(weft, FLOOD);
  // At no time are more open than may be, so that at least all others were closed.
  await until('the others closed', () => all.filter(({ closed }) => closed).length >= FLOOD - cap);
  expect(all.filter(({ received }) => received > 0)).toEqual([]);
  expect(await weft.gauge('connections')).toBeLessThanOrEqual(cap);
  // Those that the library closed because they were silent for too long were not turned away.
  expect(await weft.gauge('connections_rejected_total')).toBeGreaterThan(FLOOD / 10);
  expect(await weft.gauge('connections_opened_total')).toBeGreaterThanOrEqual(FLOOD);
  for (const stop of served) expect(await stop()).toBeGreaterThan(1);
  for (const one of all) one.end();
  await weft.untilQuiet();
  expect((await weft.abuser.ask('GET', CELL)).status).toBe(200);
  weft.abuser.tell('flood');
});

test('H-04: a flood with few file descriptors does not pin a core, and passes', async () => {
  // Node opens many of the program's modules at once: with a hundred or two it cannot start.
  const DESCRIPTORS = 512;
  const FLOOD = 1_500;
  const OBSERVED_MS = 1_500;
  const weft = await AbusedWeft.start(started, {
    under: ['/bin/sh', '-c', `ulimit -n ${DESCRIPTORS}; exec "$@"`, 'sh'],
    env: { POLL_MS: 60_000 },
  });
  const cap = await weft.gauge('connections_max');
  const all = await flood(weft, FLOOD);
  // Held: what the descriptors do not suffice for would wait in front of the port.
  const before = { cpuMs: weft.cpuMs(), atMs: performance.now() };
  await until('a while', () => performance.now() - before.atMs > OBSERVED_MS);
  const share = (weft.cpuMs() - before.cpuMs) / (performance.now() - before.atMs);
  // A library that spins takes what it gets, which is less than a core where others work, too.
  expect(share).toBeLessThan(0.25);
  expect(cap).toBeLessThanOrEqual(DESCRIPTORS - 64);
  await until('the others closed', () => all.filter(({ closed }) => closed).length >= FLOOD - cap);
  for (const one of all) one.end();
  await weft.untilQuiet();
  for (let i = 0; i < 20; i++) expect((await weft.abuser.ask('GET', CELL)).status).toBe(200);
  weft.abuser.tell('few descriptors');
});
