/**
 * The long mode, by hand: node dist/test/fuzz/run.js [target ...] [--seconds 60] [--seed 1] [--guided]
 * [--input file]. A finding is written beside the caller and told with its error; docs/testing.md.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { fuzz, type Finding } from './fuzz.js';
import type { FuzzTarget } from './target.js';
import { TARGETS } from './targets.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    guided: { type: 'boolean', default: false },
    input: { type: 'string' },
    /** A folder for the inputs that reached something new. */
    keep: { type: 'string' },
  },
});

function keep(folder: string, target: string, input: Uint8Array): string {
  const hash = createHash('sha256').update(input).digest('hex').slice(0, 12);
  const file = `${folder}/fuzz-${target}-${hash}.bin`;
  writeFileSync(file, input);
  return file;
}

function tell({ target, error, input }: Finding): void {
  console.error(error);
  const file = keep('.', target, input);
  console.error(`run it again: node dist/test/fuzz/run.js ${target} --input ${file}`);
  process.exitCode = 1;
}

function run(target: FuzzTarget): void {
  const endMs = performance.now() + Number(values.seconds) * 1_000;
  const { guided } = values;
  const more = (): boolean => performance.now() < endMs;
  const { runs, taken, finding, discoveries, blocks } = fuzz(target, {
    seed: Number(values.seed),
    more,
    guided,
  });
  const reached = guided ? `, ${blocks} blocks reached, ${discoveries.length} inputs led to new ones` : '';
  console.log(`${target.name}: ${runs} inputs, ${taken} taken${reached}`);
  if (values.keep !== undefined) for (const input of discoveries) keep(values.keep, target.name, input);
  if (finding) tell(finding);
}

const chosen = TARGETS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
for (const target of chosen) {
  if (values.input === undefined) run(target);
  else
    console.log(
      `${target.name}: ${target.run(Uint8Array.from(readFileSync(values.input))) ? 'taken' : 'refused'}`,
    );
}
