/** The real program killed while it writes: the file is the old one or the new one, never a mixture. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { seededRandom } from '../fixtures/fake-clock.js';
import { readStateFile, StateDir } from '../fixtures/state-files.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started, WeftProcess } from '../fixtures/weft-process.js';

/** By hand: STATE_KILLS=200, some minutes. */
const KILLS = Number(process.env['STATE_KILLS'] ?? 20);
/** Large enough that most of the time is spent writing. */
const ROWS = 20_000;
const KILL_MS_MAX = 80;

const started = new Started();
afterAll(() => started.endAll());

/** Every cell of a body is its number: two bodies in one file would show. */
function bodyOf(number: number): Buffer {
  return Buffer.from(
    `switch_id,a,b\n${Array.from({ length: ROWS }, (_, i) => `sw-${i},${number},${number}\n`).join('')}`,
  );
}

function firstNumber(body: Buffer): number {
  return Number(body.subarray(0, 64).toString().split('\n')[1]!.split(',')[1]);
}

/** The number of the body in a state file; throws when it is not whole. */
function numberIn(file: Buffer): number {
  const { meta, body } = readStateFile(file);
  expect(meta).toMatchObject({ source: 'default', bytes: body.length });
  const number = firstNumber(body);
  expect(body.equals(bodyOf(number))).toBe(true);
  return number;
}

test(`L-05: ${KILLS} times SIGKILL`, { timeout: KILLS * 9_000 }, async () => {
  const dir = started.add(new StateDir());
  const upstream = started.add(await Upstream.start());
  const random = seededRandom(11);
  const path = dir.file('default.weftstate');
  let number = 0;
  let last = 0;
  const next = (): void => void (upstream.body = bodyOf(++number));
  next();
  const turn = setInterval(next, 30);
  started.add({ close: () => clearInterval(turn) });
  let interrupted = 0;
  // Kills that met no write would prove nothing: there are more of them then.
  for (let kill = 0; kill < KILLS || (interrupted === 0 && kill < 5 * KILLS); kill++) {
    const weft = started.add(
      new WeftProcess(['serve'], {
        env: { UPSTREAM_URL: upstream.url(), POLL_MS: 10, STATE_DIR: dir.path, STATE_INTERVAL_MS: 10 },
      }),
    );
    // The first write of this life is done, or under way.
    await until('a new body on disk', () => firstNumber(readStateFile(readFileSync(path)).body) > last);
    await pause(random() * KILL_MS_MAX);
    await weft.kill();
    interrupted += dir.names().some((name) => name.endsWith('.tmp')) ? 1 : 0;
    last = numberIn(readFileSync(path));
    const restored = weft.events('state.restored').length + weft.events('state.bad').length;
    expect([kill, restored, weft.events('state.bad').length]).toEqual([kill, kill === 0 ? 0 : 1, 0]);
  }
  expect(interrupted).toBeGreaterThan(0);
  const weft = await WeftProcess.start('serve', {
    env: { UPSTREAM_URL: 'http://127.0.0.1:1/', STATE_DIR: dir.path },
  });
  started.add(weft);
  expect(dir.names()).toEqual(['default.weftstate']);
});
