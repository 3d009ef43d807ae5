/**
 * Runs benches: node dist/bench/run.js [--smoke] [--json FILE] [--rounds N] [--write] [names…]
 * Prints a Markdown table, then the same as JSON (into FILE when one is given). With --write the
 * numbers also replace those in README.md and bench/README.md.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { bench as big } from './big.js';
import { bench as cached } from './cached.js';
import { bench as cost } from './cost.js';
import { bench as counts } from './counts.js';
import { bench as downloads } from './downloads.js';
import { bench as diff } from './diff.js';
import { bench as encode } from './encode.js';
import type { Bench, BenchContext, BenchReport } from './harness.js';
import { bench as history } from './history.js';
import { bench as http } from './http.js';
import { bench as live } from './live.js';
import { bench as parse } from './parse.js';
import { bench as merge } from './merge.js';
import { writePages } from './parts/pages.js';
import { bench as rates } from './rates.js';
import { bench as read } from './read.js';
import { bench as readers } from './readers.js';
import { bench as refresh } from './refresh.js';
import { bench as scan } from './scan.js';
import { bench as slice } from './slice.js';
import { bench as split } from './split.js';
import { bench as start } from './start.js';
import { bench as tail } from './tail.js';
import { headingOf, loadNow, machine, tableOf, type ReportDocument } from './report.js';

const BENCHES: readonly Bench[] = [
  parse,
  scan,
  split,
  big,
  read,
  encode,
  diff,
  slice,
  rates,
  history,
  merge,
  http,
  readers,
  live,
  refresh,
  start,
  tail,
  downloads,
  cached,
  counts,
  cost,
];
const ROUNDS_DEFAULT = 5;

interface Order {
  readonly benches: readonly Bench[];
  readonly smoke: boolean;
  readonly rounds: number;
  readonly jsonFile: string | undefined;
  /** Put the numbers into README.md and bench/README.md. */
  readonly write: boolean;
}

/** Throws what the user should read. */
function readOrder(args: readonly string[]): Order {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      smoke: { type: 'boolean', default: false },
      json: { type: 'string' },
      rounds: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  });
  const known = BENCHES.map(({ name }) => name);
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(`cannot run ${unknown.join(', ')}: there is ${known.join(', ')}`);
  }
  const rounds = values.rounds === undefined ? (values.smoke ? 1 : ROUNDS_DEFAULT) : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 1000) {
    throw new Error(`cannot run ${values.rounds} rounds: --rounds is a whole number from 1 to 1000`);
  }
  const benches = BENCHES.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  if (values.smoke && values.write)
    throw new Error('cannot write the numbers of a smoke run: they mean nothing');
  return { benches, smoke: values.smoke, rounds, jsonFile: values.json, write: values.write };
}

async function run({ benches, smoke, rounds, jsonFile, write }: Order): Promise<void> {
  const load = loadNow();
  const reports: BenchReport[] = [];
  for (const { name, question, run: measure } of benches) {
    const startedMs = performance.now();
    const note = (text: string): void => {
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      process.stderr.write(`${name} ${seconds} s: ${text}\n`);
    };
    const context: BenchContext = { smoke, rounds, note };
    note(question);
    reports.push({ name, question, rows: await measure(context) });
  }
  const document: ReportDocument = {
    machine: machine(),
    load_before: load,
    date: new Date().toISOString().slice(0, 10),
    smoke,
    rounds,
    benches: reports,
  };
  process.stdout.write(`${headingOf(document)}\n\n${tableOf(reports)}\n`);
  if (jsonFile === undefined) process.stdout.write(`\n${JSON.stringify(document)}\n`);
  else writeFileSync(jsonFile, `${JSON.stringify(document, null, 2)}\n`);
  if (write) for (const block of writePages(document)) process.stderr.write(`written: ${block}\n`);
}

try {
  await run(readOrder(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
}
