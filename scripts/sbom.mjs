/**
 * Prints the bill of materials of what ships, as CycloneDX JSON: every production dependency of the
 * lockfile, transitive and optional ones included, with its SHA-512 and licence. `npm sbom` makes it.
 *
 *   node scripts/sbom.mjs > weft.cdx.json
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const readJson = (name) => JSON.parse(readFileSync(join(root, name), 'utf8'));

// `npm sbom --omit dev` leaves out what development dependencies need as well: pino, yaml and a dozen
// others of ours. So it is asked about a project that has no development dependencies.
const manifest = readJson('package.json');
const lock = readJson('package-lock.json');
delete manifest.devDependencies;
delete lock.packages[''].devDependencies;
for (const [path, entry] of Object.entries(lock.packages)) if (entry.dev) delete lock.packages[path];

const folder = mkdtempSync(join(tmpdir(), 'weft-sbom-'));
try {
  // npm names the product after its folder.
  const project = join(folder, manifest.name);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(project, 'package-lock.json'), JSON.stringify(lock));
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only'];
  const { status, stdout, stderr, error } = spawnSync('npm', args, {
    cwd: project,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === 0) process.stdout.write(stdout);
  else {
    process.stderr.write(`cannot make the bill of materials (npm 10 or later): ${error ?? stderr}\n`);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
