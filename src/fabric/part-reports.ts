/** Several reports of parts of one body as one of the whole. */
import type { FieldFacts, ParseReport } from '../model/parse-job.js';

const EXAMPLES_MAX = 5;

/** A part's report, and how many lines of the body come before the one that it calls line 1. */
export interface PartReport {
  readonly report: ParseReport;
  readonly linesBefore: number;
}

/**
 * What one scan would have said; but of a text column the `numeric` and `seen` of all parts, where one
 * scan stops to look at the first cell that is no number: what is wanted of the column is the same.
 */
export function mergeReports(parts: readonly PartReport[]): ParseReport {
  const reports = parts.map(({ report }) => report);
  const [first] = reports as [ParseReport];
  const sum = (count: (report: ParseReport) => number): number =>
    reports.reduce((total, report) => total + count(report), 0);
  return {
    header: first.header,
    fields: first.fields.map((_, i) => mergeFields(reports.map(({ fields }) => fields[i]!))),
    keyColumns: first.keyColumns,
    timeColumn: first.timeColumn,
    rows: sum(({ rows }) => rows),
    keyBytes: sum(({ keyBytes }) => keyBytes),
    rejectedCells: sum(({ rejectedCells }) => rejectedCells),
    rejectedRows: sum(({ rejectedRows }) => rejectedRows),
    duplicates: sum(({ duplicates }) => duplicates),
    latin1Cells: sum(({ latin1Cells }) => latin1Cells),
    headerRepeats: sum(({ headerRepeats }) => headerRepeats),
    roundedIntegers: sum(({ roundedIntegers }) => roundedIntegers),
    examples: mergeExamples(parts),
  };
}

function mergeFields(fields: readonly FieldFacts[]): FieldFacts {
  const sum = (count: (field: FieldFacts) => number): number =>
    fields.reduce((total, field) => total + count(field), 0);
  return {
    name: fields[0]!.name,
    byName: fields[0]!.byName,
    seen: fields.reduce((bits, { seen }) => bits | seen, 0),
    present: sum(({ present }) => present),
    numeric: sum(({ numeric }) => numeric),
    textBytes: sum(({ textBytes }) => textBytes),
    rejected: sum(({ rejected }) => rejected),
  };
}

/** Each part has its first few, `line 12, ...` or `line 12: ...`; a line is of one part alone. */
function mergeExamples(parts: readonly PartReport[]): string[] {
  const examples = parts.flatMap(({ report, linesBefore }) =>
    report.examples.map((text) => {
      const line = Number(/^line (\d+)/.exec(text)?.[1]) + linesBefore;
      return { line, text: text.replace(/^line \d+/, `line ${line}`) };
    }),
  );
  examples.sort((a, b) => a.line - b.line);
  return examples.slice(0, EXAMPLES_MAX).map(({ text }) => text);
}
