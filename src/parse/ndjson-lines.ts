/** The lines of an NDJSON body, and which of them a message about its CSV means. */
import type { ParseAnswer } from '../snapshot/parse-task.js';

const LF = 10;
const CR = 13;
const QUOTE = 34;

/** Every line that is not blank, without its line break; lines count from 1. */
export function forEachLine(
  body: Uint8Array,
  visit: (start: number, end: number, line: number) => void,
): void {
  const isBom = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  let start = isBom ? 3 : 0;
  for (let line = 1; start < body.length; line++) {
    const found = body.indexOf(LF, start);
    const next = found < 0 ? body.length : found;
    const end = next > start && body[next - 1] === CR ? next - 1 : next;
    if (!isBlank(body, start, end)) visit(start, end, line);
    start = next + 1;
  }
}

function isBlank(body: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (body[i] !== 32 && body[i] !== 9) return false;
  return true;
}

/** `answer` with lines of the NDJSON `body` where it says lines of the `csv` made of it. */
export function inItsLines(answer: ParseAnswer, body: Uint8Array, csv: Uint8Array): ParseAnswer {
  const said = (text: string): string =>
    text.replace(/\bline (\d+)/, (_all, line: string) => `line ${ndjsonLine(Number(line), body, csv)}`);
  if (answer.kind === 'failed') {
    const { failure } = answer;
    if (failure.line === null) return answer;
    const line = ndjsonLine(failure.line, body, csv);
    return { kind: 'failed', failure: { ...failure, message: said(failure.message), line, offset: null } };
  }
  if (answer.kind === 'full' || answer.kind === 'identical' || answer.report.examples.length === 0)
    return answer;
  return { ...answer, report: { ...answer.report, examples: answer.report.examples.map(said) } };
}

/** Walks both bodies: only for messages. */
function ndjsonLine(csvLine: number, body: Uint8Array, csv: Uint8Array): number {
  let rows = 0;
  let line = 1;
  let isQuoted = false;
  for (let i = 0; i < csv.length && line < csvLine; i++) {
    if (csv[i] === QUOTE) isQuoted = !isQuoted;
    if (csv[i] !== LF) continue;
    line++;
    if (!isQuoted) rows++;
  }
  let found = 1;
  forEachLine(body, (_start, _end, at) => {
    if (rows-- > 0) found = at;
  });
  return found;
}
