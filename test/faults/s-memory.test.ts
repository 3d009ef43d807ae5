/** S-08: what a client shows to be let in is kept nowhere: not in memory, not on disk. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { CELL, SECRETS, SecuredWeft } from '../fixtures/secured-weft.js';
import { bearer } from '../fixtures/token-file.js';
import { until } from '../fixtures/until.js';
import { Started } from '../fixtures/weft-process.js';

const started = new Started();
const folder = mkdtempSync(join(tmpdir(), 'weft-memory-'));
const stateDir = join(folder, 'state');

afterAll(async () => {
  await started.endAll();
  rmSync(folder, { recursive: true, force: true });
});

/** What of the upstream's secret is in memory has to be: it is sent with each poll. */
const { upstream, ...tokens } = SECRETS;

test('S-08 secrets are in no heap snapshot and in no file, when their requests are done', async () => {
  const secured = await SecuredWeft.start(started, { state_dir: stateDir, state_interval_ms: 10 }, [
    '--heapsnapshot-signal=SIGUSR2',
    `--diagnostic-dir=${folder}`,
  ]);
  for (const secret of Object.values(tokens)) {
    for (const path of [CELL, '/stats', '/nowhere', `/telemetry/ListMetrics?access_token=${secret}`]) {
      for (const authorization of [`Bearer ${secret}`, `Basic ${secret}`, secret]) {
        await secured.ask(path, { authorization });
      }
    }
  }
  // The last request, and the last match of a regular expression, are there until the next ones.
  for (const path of [CELL, '/stats', '/telemetry/ListMetrics?limit=1']) {
    expect((await secured.ask(path, bearer('weft_nobody-0123456789'))).status).toBe(401);
  }
  await until('a body on disk', () => readdirSync(stateDir).some((name) => name.endsWith('.weftstate')));

  secured.weft.child.kill('SIGUSR2');
  const file = await until('a snapshot', () =>
    readdirSync(folder).find((name) => name.endsWith('.heapsnapshot')),
  );
  // It is written in one go: who is answered behind it finds it whole.
  expect((await secured.ask('/health', {})).status).toBe(200);
  const heap = readFileSync(join(folder, file), 'latin1');
  // It is one, with the texts that do stay: the id of a token, and what is sent upstream.
  for (const text of ['pusher', upstream]) expect([text, heap.includes(text)]).toEqual([text, true]);
  const files = readdirSync(stateDir).map((name) => readFileSync(join(stateDir, name), 'latin1'));
  for (const text of [heap, ...files]) {
    for (const [name, secret] of Object.entries(tokens))
      expect([name, text.includes(secret)]).toEqual([name, false]);
  }
  for (const text of files) expect(text.includes(upstream)).toBe(false);
});
