import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const CHILD = fileURLToPath(new URL('../fixtures/pool-stop-child.js', import.meta.url));

test('threads stopped while they load their entry do not take the process down', async () => {
  // Rejects when the child is killed by a signal, as an abort of V8 does.
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [CHILD], { timeout: 90_000 });
  expect(stderr).toBe('');
  expect(stdout).toBe('done\n');
}, 120_000);
