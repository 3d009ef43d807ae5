import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { findRepoRoot } from '../../../scripts/tidy/repo.js';

const SCRIPT = fileURLToPath(new URL('../../../scripts/print-options.js', import.meta.url));

it('docs/options.md is what scripts/print-options prints', () => {
  const { stdout, status } = spawnSync(process.execPath, [SCRIPT], { encoding: 'utf8' });
  expect(status).toBe(0);
  expect(stdout).toContain('`POLL_MS`');
  const page = readFileSync(join(findRepoRoot(), 'docs/options.md'), 'utf8');
  expect(page, 'node dist/scripts/print-options.js > docs/options.md').toBe(stdout);
});
