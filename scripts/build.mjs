/**
 * Compiles into a clean dist/. `node scripts/build.mjs` compiles everything;
 * `node scripts/build.mjs product` only what ships (src/ and workers/), which is quicker.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileKernels } from './compile-kernels.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const project = process.argv[2] === 'product' ? 'scripts/tsconfig.product.json' : 'tsconfig.json';
const compiler = join(
  dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin',
  'tsc',
);

// A file that was renamed must not live on as its old build.
rmSync(join(root, 'dist'), { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [compiler, '-p', join(root, project)], { stdio: 'inherit' });

const main = join(root, 'dist/src/main.js');
if (existsSync(main)) chmodSync(main, 0o755);
process.exitCode = (status ?? 1) || compileKernels();
