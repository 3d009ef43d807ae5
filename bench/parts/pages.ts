/** Puts a run's numbers into README.md and bench/README.md, between marks that stand there. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findRepoRoot } from '../../scripts/tidy/repo.js';
import type { BenchRow } from '../harness.js';
import { headingOf, quantityOf, tableOf, type ReportDocument } from '../report.js';

/** Above it, on the average of a minute, somebody else needed the cores. */
const QUIET_LOAD_MAX = 0.5;

/** What README.md shows of `refresh`, in its words. */
const MEASURED: readonly (readonly [what: string, label: string])[] = [
  ['body', 'size of the body'],
  ['body received to published, p50', 'body received to published (median)'],
  ['received to published, speed', 'the same as a rate'],
  ['received to published, per cell', 'the same per cell'],
  ['fetch, p50', 'fetching the body (median)'],
  ['after the first publishes, per cell', 'resident memory of the whole process per cell, no list asked for'],
  ['all versions in use, per cell', 'the same once all versions of changes are kept'],
  ['GetMetric meanwhile, p50', 'GetMetric meanwhile, p50'],
  ['GetMetric meanwhile, p99', 'GetMetric meanwhile, p99'],
  ['GetMetric meanwhile, p99.9', 'GetMetric meanwhile, p99.9'],
  ['GetMetric meanwhile, max', 'GetMetric meanwhile, max'],
  ['largest event-loop delay', 'largest event-loop delay'],
  ['heap growth per publish', 'heap growth per publish'],
];

/** What README.md shows against peers: bench, row, label. */
const PEERS: readonly (readonly [bench: string, what: string, label: string])[] = [
  ['parse', 'job in the pool: time', 'parse 50,000 × 120, received to published'],
  [
    'read',
    'point read as GetMetric does it, by the text of its query, validated',
    'point read in process, as GetMetric does it',
  ],
  ['read', 'point read by key, validated', 'point read in process, by its key'],
  ['encode', 'envelope: per cell', 'encode a list of 10,000 × 100 as envelope, per cell'],
  ['encode', 'columns: per cell', 'the same as columns, per cell'],
  ['http', 'GetMetric: server CPU per request', 'GetMetric over HTTP, server CPU'],
  [
    'readers',
    'GetMetric: server CPU per request, two threads on one core',
    'GetMetric over HTTP with `READERS=2`, server CPU',
  ],
];

/** `text` with what stands between the marks of `name` replaced. Throws when they are not there. */
function replaceBlock(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`cannot find ${begin} and ${end}`);
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`;
}

function rowsOf(document: ReportDocument, bench: string): ReadonlyMap<string, BenchRow> {
  const rows = document.benches.find(({ name }) => name === bench)?.rows ?? [];
  return new Map(rows.map((row) => [row.what, row]));
}

function provenance(document: ReportDocument): string {
  const busy = document.load_before > QUIET_LOAD_MAX;
  const warning = ' The machine was busy with other work, so times and delays are too high.';
  return `${headingOf(document)}${busy ? warning : ''}`;
}

/** The part of README.md on real input; undefined when `refresh` did not run. */
function measuredOf(document: ReportDocument): string | undefined {
  const rows = rowsOf(document, 'refresh');
  if (rows.size === 0) return undefined;
  const lines = MEASURED.map(([what, label]) => {
    const row = rows.get(what);
    if (!row) throw new Error(`BUG: refresh has no row '${what}'`);
    const beside = row.against === undefined ? '' : ` (${row.against})`;
    return `| ${label}${beside} | ${quantityOf(row)} |`;
  });
  const scene =
    'weft polls the simulator, which serves a UFM-shaped matrix of 50,000 ports × 120 columns from a ' +
    'process of its own; 500 GetMetric a second meanwhile (`node dist/bench/run.js refresh`).';
  return [scene, '', provenance(document), '', '| | |', '|---|--:|', ...lines].join('\n');
}

function peersOf(document: ReportDocument): string | undefined {
  const lines = PEERS.map(([bench, what, label]) => {
    const row = rowsOf(document, bench).get(what);
    return row && `| ${label} | ${quantityOf(row)} | ${row.against ?? ''} | ${row.ratio?.toFixed(2) ?? ''} |`;
  });
  if (lines.includes(undefined)) return undefined;
  const head = ['| against peers in one run | weft | peer | weft ÷ peer |', '|---|--:|---|--:|'];
  return [provenance(document), '', ...head, ...lines].join('\n');
}

/** Writes what this run can say. Returns the names of the blocks written. */
export function writePages(document: ReportDocument): string[] {
  const root = findRepoRoot();
  const written: string[] = [];
  const write = (page: string, block: string, content: string | undefined): void => {
    if (content === undefined) return;
    const file = join(root, page);
    writeFileSync(file, replaceBlock(readFileSync(file, 'utf8'), block, content));
    written.push(`${page} ${block}`);
  };
  write('README.md', 'measured', measuredOf(document));
  write('README.md', 'peers', peersOf(document));
  for (const report of document.benches) {
    const content = `${provenance(document)}\n\n${tableOf([report])}`;
    write('bench/README.md', report.name, content);
  }
  return written;
}
