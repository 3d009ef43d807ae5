/**
 * Reads a body into a sink. The whole of parse/ as its callers see it:
 *
 *     const planned = planHeader(body, policy);               // header.ts
 *     const result = scan(body, planned.plan, sink, policy);  // sink: a BankWriter, or a SurveySink
 *     const kinds = wantedKinds(result.report, columns);      // kinds.ts
 */
import type { BankSink } from '../model/bank.js';
import { bug } from '../model/errors.js';
import type { ParseReport } from '../model/parse-job.js';
import type { ParsePolicy } from '../model/parse-policy.js';
import { lineAt, NeedsGeneral, ParseStop, settle, type ScanResult } from './failure.js';
import { GeneralReader } from './general.js';
import { dataStart } from './header.js';
import type { HeaderPlan } from './plan.js';
import { regionsOf } from './regions.js';
import { Scanner } from './scanner.js';
import { SurveySink } from './survey.js';

const LF = 10;

/**
 * Scans the data of `body` (a plain Uint8Array) under `plan`, which must have been made with `policy`
 * from a header equal to the body's; `sink` has a column for each field of the plan. Never throws for
 * what a body may hold. `done` does not say that the kinds hold everything seen: compare
 * `wantedKinds`. After `full` or `failed` the sink's content is to be thrown away.
 */
export function scan(body: Uint8Array, plan: HeaderPlan, sink: BankSink, policy: ParsePolicy): ScanResult {
  return settle(() => {
    if (sink.kinds.length !== plan.fields.length) bug('the sink has other columns than the plan');
    const start = dataStart(body, plan);
    if (start < 0) bug('the plan was made for another header');
    if (policy.requireFinalNewline) refuseCut(body);
    const report = read(body, start, plan, sink, policy);
    if (report.rows === 0 && !policy.allowEmpty) {
      const dropped = report.rejectedRows > 0 ? ` (${report.rejectedRows} rows were dropped)` : '';
      throw new ParseStop(
        'empty',
        `cannot use a body without data rows${dropped} (\`allow_empty: true\` would publish it)`,
      );
    }
    return report;
  });
}

/** A body that ends inside a line may end inside a number, too. */
function refuseCut(body: Uint8Array): void {
  if (body.length === 0 || body[body.length - 1] === LF) return;
  const line = lineAt(body, body.length);
  throw new ParseStop(
    'truncated',
    `cannot trust the body: it ends inside line ${line}, without a line break ` +
      '(`require_final_newline: false` would take it)',
    { line, offset: body.length },
  );
}

function read(
  body: Uint8Array,
  start: number,
  plan: HeaderPlan,
  sink: BankSink,
  policy: ParsePolicy,
): ParseReport {
  const isSurvey = sink instanceof SurveySink;
  if (isScannable(plan.delimiter)) {
    try {
      const scanner = new Scanner(body, plan, sink, policy, isSurvey);
      scanner.scan(regionsOf(body, start), lineAt(body, start));
      return scanner.facts.report(plan, (field) => scanner.cells.isText(field));
    } catch (error) {
      if (!(error instanceof NeedsGeneral)) throw error;
    }
  }
  const reader = new GeneralReader(body, plan, sink, policy, isSurvey);
  reader.read(start);
  return reader.facts.report(plan, (field) => reader.cells.isText(field));
}

/** One ASCII character that no number and no quoting holds. */
export function isScannable(delimiter: string): boolean {
  return /^[\t\x20-\x7e]$/.test(delimiter) && !/["+\-.0-9A-Za-z]/.test(delimiter);
}
