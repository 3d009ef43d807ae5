/** Every YAML block of the documentation is a file that weft takes as it stands. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { findRepoRoot } from '../../../scripts/tidy/repo.js';
import { pem } from '../../fixtures/served-bodies.js';
import { loadConfig, type LoadedConfig } from '../../../src/config/load.js';

const root = findRepoRoot();
const PAGES = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)].filter((page) =>
  page.endsWith('.md'),
);
/** The PEM files that the pages name, by files of this repository. */
const PEM: Readonly<Record<string, string>> = {
  'ca.pem': 'ca',
  'weft.pem': 'client',
  'weft-key.pem': 'client-key',
};

const blocks = PAGES.flatMap((page) =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/^ *```ya?ml\n([\s\S]*?)^ *```$/gm)].map(
    ([, text], at) => [page, at + 1, text!] as const,
  ),
);

function load(yaml: string): LoadedConfig {
  const readFile = (path: string): string => (path === 'weft.yaml' ? yaml : pem(PEM[basename(path)]!));
  return loadConfig({ argv: ['serve', '--config', 'weft.yaml'], env: { TOKEN: 'secret' }, readFile });
}

function idsOf(page: string, at: number): string[] {
  const loaded = load(blocks.find((block) => block[0] === page && block[1] === at)![2]);
  if (!loaded.ok || !('config' in loaded)) throw new Error(`${page} is not valid`);
  return loaded.config.sources.map(({ id }) => id);
}

test.each(blocks)('%s, block %i', (_page, _at, yaml) => {
  expect(load(yaml)).toMatchObject({ ok: true, command: 'serve' });
});

test('the blocks are found, and what they say is read', () => {
  expect(new Set(blocks.map(([page]) => page)).size).toBeGreaterThan(3);
  expect(idsOf('docs/sources.md', 1)).toEqual(['fabric-a', 'fabric-b']);
  const shards = Array.from({ length: 8 }, (_, shard) => `big.${shard}`);
  expect(idsOf('docs/sources.md', 2)).toEqual(['nvlink', 'local', ...shards]);
});
