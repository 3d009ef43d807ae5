import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findRepoRoot } from '../../../scripts/tidy/repo.js';

const folder = mkdtempSync(join(tmpdir(), 'weft-licences-'));
afterAll(() => rmSync(folder, { recursive: true }));

function licences(lockfile?: string): { status: number | null; stdout: string } {
  const script = join(findRepoRoot(), 'scripts/licences.mjs');
  const args = lockfile === undefined ? [script] : [script, lockfile];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, stdout };
}

/** The exit status for a lockfile with one dependency. */
function statusOf(entry: { license?: string; dev?: boolean }): number | null {
  const lockfile = join(folder, 'lock.json');
  writeFileSync(
    lockfile,
    JSON.stringify({ packages: { '': {}, 'node_modules/x': { version: '1.0.0', ...entry } } }),
  );
  return licences(lockfile).status;
}

describe('licences', () => {
  it('of this repository may all be shipped', () => {
    const { status, stdout } = licences();
    expect(stdout).not.toContain('NOT ALLOWED');
    expect(stdout).toMatch(/^piscina@\S+ {2}MIT$/m);
    expect(stdout).toMatch(/^uWebSockets\.js@\S+ {2}Apache-2\.0$/m);
    expect(status).toBe(0);
  });

  it.each(['MIT', 'Apache-2.0', '(MIT AND Zlib)', '(GPL-2.0 OR MIT)'])('%s is allowed', (license) => {
    expect(statusOf({ license })).toBe(0);
  });

  it.each(['GPL-3.0', '(MIT AND GPL-2.0)', 'SEE LICENSE IN x', ''])('%j is refused', (license) => {
    expect(statusOf({ license })).toBe(1);
  });

  it('a dependency without a licence is refused, a development one is not looked at', () => {
    expect(statusOf({})).toBe(1);
    expect(statusOf({ license: 'GPL-3.0', dev: true })).toBe(0);
  });
});
