/**
 * Lists the licence of every production dependency in the lockfile, transitive and optional ones
 * included. Exit 1 when one is missing or is not on the list of those that may be shipped.
 *
 *   node scripts/licences.mjs [package-lock.json]
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Licences that allow shipping in an Apache-2.0 image without more than naming them. */
const ALLOWED = new Set(['Apache-2.0', 'BSD-2-Clause', 'ISC', 'MIT', 'Zlib']);

/** Packages whose package.json and licence file disagree: what the licence file says. */
const CORRECTED = {
  // The repackaging writes ISC; the code and its LICENSE file are the original's.
  'uWebSockets.js': { declared: 'ISC', licence: 'Apache-2.0' },
};

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lockfile = process.argv[2] ?? join(root, 'package-lock.json');
const { packages } = JSON.parse(readFileSync(lockfile, 'utf8'));

/** `(MIT AND Zlib)` needs all its parts, `(MIT OR GPL-2.0)` one of them. */
function isAllowed(expression) {
  if (!expression) return false;
  const text = expression.replace(/^\((.*)\)$/, '$1');
  if (text.includes(' OR ')) return text.split(' OR ').some(isAllowed);
  return text.split(' AND ').every((id) => ALLOWED.has(id.trim()));
}

function licenceOf(name, declared) {
  const correction = CORRECTED[name];
  return correction && correction.declared === declared ? correction.licence : declared;
}

let refused = 0;
for (const [path, entry] of Object.entries(packages)) {
  if (path === '' || entry.dev) continue;
  const name = path.replace(/^.*node_modules\//, '');
  const licence = licenceOf(name, entry.license);
  const verdict = isAllowed(licence)
    ? ''
    : '  NOT ALLOWED (replace it, or add the licence to scripts/licences.mjs and docs/supply-chain.md)';
  if (verdict) refused += 1;
  console.log(`${name}@${entry.version}  ${licence ?? 'no licence'}${verdict}`);
}
if (refused > 0) process.exitCode = 1;
