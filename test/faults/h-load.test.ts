/** H: twice the load that can be served, and that nothing is lost. */
import { afterAll, expect, test } from 'vitest';
import { AbusedWeft, CELL, LIST } from '../fixtures/abused-weft.js';
import { OpenLoad } from '../fixtures/open-load.js';
import { Started } from '../fixtures/weft-process.js';

/** By hand: SOAK_LOAD_S=60, ten of them for finding out what can be done. */
const LOAD_S = Number(process.env['SOAK_LOAD_S'] ?? 2);

/** Enough of them keep the worker busy whatever the network and the client take; the queue holds them. */
const CLIENTS = 32;

/** Far more than the queue of one worker. */
const BURST = 400;

const started = new Started();
afterAll(() => started.endAll());

test(`H-23: twice what can be done for ${LOAD_S} s`, async () => {
  const weft = await AbusedWeft.start(started, { rows: 10_000, noteChars: 4, env: { POLL_MS: 1_000 } });
  const load = new OpenLoad(weft.client.base);
  started.add(load);
  // No list twice: each is filtered and ordered anew, in a worker; one point read beside each.
  let n = 0;
  const next = (): string => `${LIST}?fields=a&where=a+ge+${++n % 7_000}&sort=-a&limit=${10 + (n % 90)}`;
  await load.closed(next, CLIENTS, 500);
  const alone = await load.closed(next, CLIENTS, 1_000 * Math.max(1, LOAD_S / 6));
  const sustainable = alone.ok / alone.seconds;
  const health = load.watch('/health/live');
  const cells = load.watch(CELL);
  const twice = await load.open(next, 2 * sustainable, LOAD_S * 1_000);
  const seen = { health: await health(), cells: await cells() };
  const again = await load.closed(next, 1, 200);
  const burst = await load.burst(next, BURST);
  console.log(
    `H-23: ${sustainable.toFixed(0)}/s alone; asked ${(twice.sent / twice.seconds).toFixed(0)}/s for ` +
      `${twice.seconds.toFixed(1)} s: ${(twice.ok / twice.seconds).toFixed(0)}/s served ` +
      `(${((100 * twice.ok) / twice.seconds / sustainable).toFixed(0)} %), ${twice.refused} of ${twice.sent} ` +
      `refused, ${twice.lost} lost; slowest ${twice.slowestMs.toFixed(0)} ms; health ${seen.health.ok} times, ` +
      `slowest ${seen.health.slowestMs.toFixed(0)} ms; point reads ${seen.cells.ok}, slowest ` +
      `${seen.cells.slowestMs.toFixed(0)} ms`,
  );
  expect(twice).toMatchObject({ lost: 0, others: [] });
  expect(twice.ok + twice.refused).toBe(twice.sent);
  expect(twice.ok).toBeGreaterThan(0);
  expect(twice.withoutRetryAfter).toBe(0);
  for (const one of [seen.health, seen.cells]) expect(one).toMatchObject({ lost: 0, refused: 0, others: [] });
  expect(seen.health.ok).toBeGreaterThan(0);
  // It is over when it is over.
  expect(again).toMatchObject({ lost: 0, refused: 0, others: [] });
  // All at once: what the queue holds is served, the rest is told to come again.
  expect(burst).toMatchObject({ sent: BURST, lost: 0, others: [], withoutRetryAfter: 0 });
  expect(burst.ok + burst.refused).toBe(BURST);
  expect(burst.ok).toBeGreaterThanOrEqual(CLIENTS);
  expect(burst.refused).toBeGreaterThan(0);
  load.close();
  await weft.untilQuiet();
  expect((await weft.client.source()).state).toBe('ok');
  if (LOAD_S >= 30) expect(twice.ok / twice.seconds).toBeGreaterThan(0.8 * sustainable);
}, 600_000);
