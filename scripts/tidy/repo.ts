import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SourceText } from './unit.js';

const FOLDERS = ['src', 'workers', 'bench', 'test', 'scripts', 'docs', '.ci'];
const ROOT_FILES = [
  'README.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'Dockerfile',
  'package.json',
  'tsconfig.json',
];
/** Data under test/fixtures may be broken on purpose; only text that people write is checked. */
const EXTENSIONS = /(\.(ts|mjs|js|sh|json|yaml|yml|md)|^run)$/;

/** The folder of package.json: found from the compiled file, wherever the build was put. */
export function findRepoRoot(from: string = import.meta.url): string {
  let folder = dirname(fileURLToPath(from));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`cannot find package.json above ${fileURLToPath(from)}`);
    folder = parent;
  }
  return folder;
}

/** All checked files of the repository, sorted by path. Bytes that are not UTF-8 become U+FFFD. */
export function readRepo(root: string): SourceText[] {
  const paths = [...ROOT_FILES, ...FOLDERS.flatMap((folder) => listFolder(root, folder))];
  const present = paths.filter((path) => existsSync(join(root, path))).sort();
  return present.map((path) => ({ path, text: readText(join(root, path)) }));
}

function readText(file: string): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(readFileSync(file));
}

function listFolder(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return listFolder(root, path);
    return entry.isFile() && EXTENSIONS.test(entry.name) ? [path] : [];
  });
}
