/**
 * Compiles each src/kernel/assembly/<name>.ts (AssemblyScript: TypeScript's syntax, machine integers,
 * SIMD) to dist/src/kernel/<name>.wasm. Files in folders below are parts that the entries import.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = join(root, 'src/kernel/assembly');
const target = join(root, 'dist/src/kernel');

/** Returns the exit status of the first compilation that fails; 0 when all are done. */
export function compileKernels() {
  const compiler = join(
    dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')),
    'bin/asc.js',
  );
  mkdirSync(target, { recursive: true });
  for (const file of readdirSync(sources)) {
    if (!file.endsWith('.ts')) continue;
    const out = join(target, `${basename(file, '.ts')}.wasm`);
    // No runtime: a kernel allocates nothing, its memory is laid out by the TypeScript beside it.
    const options = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--enable', 'simd'];
    const { status } = spawnSync(process.execPath, [compiler, join(sources, file), ...options, '-o', out], {
      stdio: 'inherit',
      cwd: root,
    });
    if (status !== 0 || !existsSync(out)) return status || 1;
  }
  return 0;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = compileKernels();
}
