/**
 * Asks npm whether the registry signed every installed package (`npm audit signatures`). Exit 1 when a
 * signature or an attestation is wrong. That needs the network: the registry, and the keys that
 * sigstore publishes. Where it is not there, "not run" is printed with the reason, and the exit is 0.
 *
 *   node scripts/check-signatures.mjs [--strict]     --strict: also 1 when not run, or when one is not signed
 */
import { spawnSync } from 'node:child_process';

const NAMES_SHOWN_MAX = 20;
const TIMEOUT_MS = 60_000;

const strict = process.argv.includes('--strict');
const args = ['audit', 'signatures', '--json', '--fetch-retries=0', '--fetch-timeout=10000'];
const { stdout, stderr, error } = spawnSync('npm', args, {
  encoding: 'utf8',
  timeout: TIMEOUT_MS,
  killSignal: 'SIGKILL',
  maxBuffer: 64 * 1024 * 1024,
});

const report = parse(stdout ?? '');
if (Array.isArray(report?.invalid) && Array.isArray(report.missing)) {
  const { invalid, missing } = report;
  if (invalid.length > 0) console.log(`signatures: WRONG: ${names(invalid)}`);
  if (missing.length > 0) console.log(`signatures: not signed: ${names(missing)}`);
  if (invalid.length + missing.length === 0) console.log('signatures: all are valid');
  process.exitCode = invalid.length > 0 || (strict && missing.length > 0) ? 1 : 0;
} else {
  const why = report?.error?.summary || firstLine(stderr ?? '') || error?.message || 'npm said nothing';
  console.log(`signatures: not run: ${why}`);
  process.exitCode = strict ? 1 : 0;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function names(packages) {
  const all = packages.map(({ name, version, code }) => `${name}@${version}${code ? ` (${code})` : ''}`);
  const rest = all.length - NAMES_SHOWN_MAX;
  return all.slice(0, NAMES_SHOWN_MAX).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

function firstLine(text) {
  return text.split('\n').find((line) => line.startsWith('npm error')) ?? '';
}
