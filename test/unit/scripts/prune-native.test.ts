import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findRepoRoot } from '../../../scripts/tidy/repo.js';

const folder = mkdtempSync(join(tmpdir(), 'weft-prune-'));
afterAll(() => rmSync(folder, { recursive: true }));

const own = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
const others = ['uws_win32_x64_1.node', 'uws_linux_arm64_2.node'];

/** What is left of a package that held `names`, and the exit status. */
function prune(modules: string, names: readonly string[]): { status: number | null; left: string[] } {
  const dir = join(folder, modules, 'uWebSockets.js');
  mkdirSync(dir, { recursive: true });
  for (const name of names) writeFileSync(join(dir, name), name);
  const script = join(findRepoRoot(), 'scripts/prune-native.mjs');
  const { status } = spawnSync(process.execPath, [script, join(folder, modules)]);
  return { status, left: readdirSync(dir).sort() };
}

describe('prune-native', () => {
  it('keeps the build of this Node and every file that is no build', () => {
    const { status, left } = prune('a', [own, ...others, 'uws.js', 'LICENSE']);
    expect(left).toEqual(['LICENSE', own, 'uws.js'].sort());
    expect(status).toBe(0);
  });

  it('deletes nothing when that build is absent', () => {
    const { status, left } = prune('b', [...others, 'uws.js']);
    expect(left).toEqual([...others, 'uws.js'].sort());
    expect(status).toBe(1);
  });
});
