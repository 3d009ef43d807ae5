import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findRepoRoot } from '../../../scripts/tidy/repo.js';

const root = findRepoRoot();
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

type Versions = Readonly<Record<string, string>>;
interface Manifest {
  readonly dependencies: Versions;
  readonly devDependencies: Versions;
  readonly overrides: Versions;
}
interface Locked {
  readonly name?: string;
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
}

const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as { packages: Readonly<Record<string, Locked>> };
const locked = Object.entries(lock.packages).filter(([path]) => path !== '');
const production = locked.filter(([, { dev }]) => !dev);
const nameOf = (path: string): string => path.replace(/^.*node_modules\//, '');

const EXACT = /^(?:npm:[a-z0-9@/._-]+@)?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/;

describe('dependencies', () => {
  it('are exact versions from the registry, never ranges, URLs or git', () => {
    const { dependencies, devDependencies, overrides } = manifest;
    const all = Object.entries({ ...dependencies, ...devDependencies, ...overrides });
    expect(all.length).toBeGreaterThan(20);
    expect(all.filter(([, version]) => !EXACT.test(version))).toEqual([]);
  });

  it('have a SHA-512 each in the lockfile, and no other host than the registry', () => {
    expect(locked.length).toBeGreaterThan(300);
    expect(
      locked.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? '')),
    ).toEqual([]);
    const elsewhere = locked.filter(
      ([, { resolved, link }]) =>
        link === true || (resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/')),
    );
    expect(elsewhere).toEqual([]);
  });

  it('that ship run nothing at their installation', () => {
    expect(production.filter(([, { hasInstallScript }]) => hasInstallScript)).toEqual([]);
  });

  it('that are installed are those of the lockfile, with the licence that it says', () => {
    const found = production.filter(([path]) => existsSync(join(root, path, 'package.json')));
    expect(found.length).toBeGreaterThan(20);
    for (const [path, { version, license }] of found) {
      const installed = JSON.parse(read(join(path, 'package.json'))) as { version: string; license?: string };
      expect([path, installed.version, installed.license]).toEqual([path, version, license]);
    }
  });
});

describe('docs/supply-chain.md', () => {
  it('names every licence of what ships, and whose it is', () => {
    const table = read('docs/supply-chain.md').split('## Licences')[1]!.split('## ')[0]!;
    const rows = [...table.matchAll(/^\| ([^|]+) \| ([^|]+) \|$/gm)].slice(1);
    const whose = new Map(
      rows.flatMap(([, licence, names]) => names!.split(', ').map((one) => [one, licence!])),
    );
    const spoken = (license = ''): string => license.replace(/^\((.*) AND (.*)\)$/, '$1 and $2');
    for (const [path, { license }] of production) {
      const name = nameOf(path);
      // Corrected in scripts/licences.mjs, which tests of its own look at.
      const said = name === 'uWebSockets.js' ? 'Apache-2.0' : spoken(license);
      expect([name, whose.get(name) ?? 'MIT']).toEqual([name, said]);
    }
    const named = [...whose.keys()].filter((one) => !one.startsWith('all '));
    expect(named.filter((one) => !production.some(([path]) => nameOf(path) === one))).toEqual([]);
  });
});

describe('SECURITY.md', () => {
  it('names the bytes of uWebSockets.js: the package and each native build', () => {
    const text = read('SECURITY.md');
    const { name, version, integrity } = lock.packages['node_modules/uWebSockets.js']!;
    expect(manifest.dependencies['uWebSockets.js']).toBe(`npm:${name}@${version}`);
    expect(text).toContain(`"uWebSockets.js": "npm:${name}@${version}"`);
    expect(text).toContain(integrity);
    const builds = [...text.matchAll(/^\| (uws_\w+\.node) \| ([0-9a-f]{64}) \|$/gm)];
    expect(builds).toHaveLength(6);
    // An image keeps one of them.
    const here = builds.filter(([, file]) => existsSync(join(root, 'node_modules/uWebSockets.js', file!)));
    expect(here.length).toBeGreaterThan(0);
    for (const [, file, digest] of here) {
      const bytes = readFileSync(join(root, 'node_modules/uWebSockets.js', file!));
      expect([file, createHash('sha256').update(bytes).digest('hex')]).toEqual([file, digest]);
    }
  });
});

describe('the Dockerfile', () => {
  it('begins from one image, by digest, and installs without scripts', () => {
    const text = read('Dockerfile');
    expect(text).toMatch(/^ARG NODE_IMAGE=node:\d+\.\d+\.\d+-trixie-slim@sha256:[0-9a-f]{64}$/m);
    const bases = [...text.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
    expect(bases).toEqual(['${NODE_IMAGE}', '${NODE_IMAGE}', '${NODE_IMAGE}']);
    const installs = text.split('\n').filter((line) => line.includes('npm ci'));
    expect(installs).toHaveLength(2);
    expect(installs.filter((line) => !line.includes('--ignore-scripts'))).toEqual([]);
  });
});

/** npm sbom is there since npm 10. */
const npmMajor = Number.parseInt(spawnSync('npm', ['--version'], { encoding: 'utf8' }).stdout, 10);

const folder = mkdtempSync(join(tmpdir(), 'weft-supply-'));
afterAll(() => rmSync(folder, { recursive: true }));

function run(script: string, args: readonly string[] = [], path = process.env['PATH'] ?? '') {
  const options = { encoding: 'utf8' as const, env: { ...process.env, PATH: path } };
  const { status, stdout } = spawnSync(process.execPath, [join(root, script), ...args], options);
  return { status, stdout };
}

describe('the bill of materials', () => {
  it.skipIf(!(npmMajor >= 10))(
    'is CycloneDX, and has every package that ships with its hash and licence (needs npm 10)',
    () => {
      const { status, stdout } = run('scripts/sbom.mjs');
      expect(status).toBe(0);
      const bom = JSON.parse(stdout) as {
        bomFormat: string;
        metadata: { component: { name: string; type: string } };
        components: {
          name: string;
          version: string;
          hashes: { alg: string; content: string }[];
          licenses: unknown[];
        }[];
      };
      expect([bom.bomFormat, bom.metadata.component]).toMatchObject([
        'CycloneDX',
        { name: 'weft', type: 'application' },
      ]);
      const listed = bom.components.map(({ name, version, hashes }) => {
        const sha512 = hashes.find(({ alg }) => alg === 'SHA-512')!.content;
        return `${name}@${version} sha512-${Buffer.from(sha512, 'hex').toString('base64')}`;
      });
      const expected = production.map(
        ([path, { version, integrity }]) => `${nameOf(path)}@${version} ${integrity}`,
      );
      expect(listed.sort()).toEqual(expected.sort());
      expect(bom.components.filter(({ licenses }) => licenses.length === 0)).toEqual([]);
    },
  );
});

describe('check-signatures', () => {
  const bad = { name: 'pino', version: '10.4.0', code: 'EINTEGRITYSIGNATURE' };
  const unsigned = { name: 'zod', version: '4.6.7' };
  const offline = { error: { code: 'ENOTFOUND', summary: 'getaddrinfo ENOTFOUND keys.invalid' } };

  /** What it says and how it ends when npm prints `report`. */
  function check(report: object | string, args: readonly string[] = []): string {
    const npm = join(folder, 'npm');
    const text = typeof report === 'string' ? report : JSON.stringify(report);
    writeFileSync(npm, `#!/bin/sh\ncat <<'END'\n${text}\nEND\nexit 1\n`);
    chmodSync(npm, 0o755);
    const path = `${folder}${delimiter}${process.env['PATH'] ?? ''}`;
    const { status, stdout } = run('scripts/check-signatures.mjs', args, path);
    return `${status} ${stdout.trim()}`;
  }

  it.each([
    ['valid', { invalid: [], missing: [] }, '0 signatures: all are valid', 0],
    ['wrong', { invalid: [bad], missing: [] }, '1 signatures: WRONG: pino@10.4.0 (EINTEGRITYSIGNATURE)', 1],
    ['absent', { invalid: [], missing: [unsigned] }, '0 signatures: not signed: zod@4.6.7', 1],
    ['out of reach', offline, '0 signatures: not run: getaddrinfo ENOTFOUND keys.invalid', 1],
    ['no report at all', 'something else', '0 signatures: not run: npm said nothing', 1],
  ])('%s', (_what, report, said, strictStatus) => {
    expect(check(report)).toBe(said);
    expect(check(report, ['--strict'])).toBe(`${strictStatus}${said.slice(1)}`);
  });
});
