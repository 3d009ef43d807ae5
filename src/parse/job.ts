/** One parse job: from a task of main's to the answer it gets. Runs in a worker, start to end. */
import { bodyBytes, sameBytes } from '../snapshot/arena.js';
import { recordChanges } from '../snapshot/changes.js';
import type { ParseAnswer, ParseTarget, ParseTask } from '../snapshot/parse-task.js';
import { recordMissing } from '../snapshot/record-missing.js';
import { BankWriter } from '../snapshot/writer.js';
import type { ScanResult } from './failure.js';
import { planHeader } from './header.js';
import { wantedKinds } from './kinds.js';
import { ndjsonToCsv } from './ndjson.js';
import type { HeaderPlan } from './plan.js';
import { scan } from './scan.js';
import { SurveySink } from './survey.js';

/**
 * Writes only the bank of `task.target`, and nothing at all without one. Publishes nothing: that is
 * main's, after it has this answer. Never throws for what a body may hold.
 */
export function parseBody(task: ParseTask): ParseAnswer {
  if (task.previous && sameBytes(task.previous, task.body)) return { kind: 'identical' };
  const body = bodyBytes(task.body);
  if (task.format === 'csv') return parseCsv(task, body);
  const table = ndjsonToCsv(body, task.csvBytesMax);
  if (!table.ok) return { kind: 'failed', failure: table.failure };
  return table.inItsLines(parseCsv({ ...task, policy: table.policyOf(task.policy) }, table.csv));
}

function parseCsv(task: ParseTask, body: Uint8Array): ParseAnswer {
  const planned = planHeader(body, task.policy);
  if (!planned.ok) return { kind: 'failed', failure: planned.failure };
  const { plan } = planned;
  if (task.target && task.header && sameNames(task.header, plan.header)) {
    return fill(task, task.target, body, plan);
  }
  const surveyed = scan(body, plan, new SurveySink(plan), task.policy);
  return surveyed.kind === 'done' ? { kind: 'survey', report: surveyed.report } : unfinished(surveyed);
}

function fill(task: ParseTask, target: ParseTarget, body: Uint8Array, plan: HeaderPlan): ParseAnswer {
  const writer = new BankWriter(target.segment, target.version);
  const result = scan(body, plan, writer, task.policy);
  if (result.kind !== 'done') return unfinished(result);
  const { report } = result;
  const wanted = wantedKinds(report, target.segment.spec.columns);
  if (wanted.some((column, i) => column.kind !== writer.kinds[i])) return { kind: 'misfit', report };
  writer.finish(task.snapshotTsMs, task.receivedAtMs);
  const changes = recordChanges(target.segment, target.version, writer.known);
  const missing = recordMissing(target.segment, target.version, task.receivedAtMs, task.missing);
  return { kind: 'filled', report, changes, missing };
}

function unfinished(result: Exclude<ScanResult, { kind: 'done' }>): ParseAnswer {
  return result.kind === 'full'
    ? { kind: 'full', what: result.what }
    : { kind: 'failed', failure: result.failure };
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}
