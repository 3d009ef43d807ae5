/**
 * One of several jobs that fill a bank from one body. Runs in a worker, start to end. A row is a line
 * for the scanner, and rows know nothing of each other but their slots: so each part may be read alone,
 * as long as every job writes slots of its own only. snapshot/part-task.ts says how the jobs follow.
 */
import { bodyBytes, sameBytes } from '../snapshot/arena.js';
import { recordRange } from '../snapshot/changes.js';
import { finishRange } from '../snapshot/finish-bank.js';
import { openSegment } from '../snapshot/layout.js';
import type { ParseTarget, ParseTask } from '../snapshot/parse-task.js';
import type { DeferredRow, PartAnswer, PartTask } from '../snapshot/part-task.js';
import { recordMissing } from '../snapshot/record-missing.js';
import { BankWriter, type WriterPart } from '../snapshot/writer.js';
import { GaveUp, lineAt, NeedsGeneral, ParseStop, SinkFull } from './failure.js';
import { dataStart, planHeader } from './header.js';
import { LateWriter } from './late-writer.js';
import type { HeaderPlan } from './plan.js';
import { regionsOf, type Region } from './regions.js';
import { RowFinder, type Cut } from './row-finder.js';
import { isScannable } from './scan.js';
import { Scanner } from './scanner.js';

const LF = 10;

/** Never throws for what a body may hold: what is wrong with it the one worker says that reads it whole. */
export function parsePart(task: PartTask): PartAnswer {
  try {
    if (task.step === 'rows') return readRows(task);
    return task.step === 'deferred' ? readDeferred(task) : finish(task);
  } catch (error) {
    const isExpected =
      error instanceof GaveUp ||
      error instanceof ParseStop ||
      error instanceof SinkFull ||
      error instanceof NeedsGeneral;
    if (!isExpected) throw error;
    return { kind: 'gave_up', why: error.message || 'a line break inside quotes' };
  }
}

interface Opened {
  readonly body: Uint8Array;
  readonly plan: HeaderPlan;
  readonly target: ParseTarget;
  /** Where the data begins. */
  readonly start: number;
}

function open({ body: ref, policy, header, target }: ParseTask): Opened {
  const body = bodyBytes(ref);
  const planned = planHeader(body, policy);
  if (!planned.ok) throw new GaveUp(planned.failure.message);
  const { plan } = planned;
  if (!target || header?.join('\n') !== plan.header.join('\n')) throw new GaveUp('other columns');
  if (!isScannable(plan.delimiter)) throw new GaveUp('the delimiter is not one plain character');
  if (policy.requireFinalNewline && body.at(-1) !== LF) throw new GaveUp('the body ends inside a line');
  return { body, plan, target, start: dataStart(body, plan) };
}

function readRows(task: Extract<PartTask, { step: 'rows' }>): PartAnswer {
  const { parse, index } = task;
  if (parse.previous && sameBytes(parse.previous, parse.body)) return { kind: 'identical' };
  const opened = open(parse);
  const { body, plan, target, start } = opened;
  const { slotCapacity } = target.segment.spec;
  const finder = new RowFinder(body, plan, target.segment);
  const cut = (near: number | null, end: Cut): Cut => (near === null ? end : finder.cutNear(near));
  const from = cut(task.from, { offset: start, slot: 0 });
  const to = cut(task.to, { offset: body.length, slot: slotCapacity });
  if (from.offset < start || from.offset >= to.offset || from.slot >= to.slot) {
    throw new GaveUp('the body cannot be cut: its rows have another order than before');
  }
  const part: WriterPart = { index, fromSlot: from.slot, toSlot: to.slot };
  const writer = new BankWriter(target.segment, target.version, part);
  const line = task.from === null ? lineAt(body, start) : 1;
  return scanRows(parse, opened, writer, regionsOf(body, from.offset, to.offset), line);
}

function readDeferred({ parse, rows }: Extract<PartTask, { step: 'deferred' }>): PartAnswer {
  const opened = open(parse);
  const { body, target } = opened;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const regions = rows.flatMap(({ offset, line }: DeferredRow) => {
    const end = bytes.indexOf(LF, offset) + 1;
    return regionsOf(body, offset, end === 0 ? body.length : end).map((region) => ({ ...region, line }));
  });
  const writer = new LateWriter(target.segment, target.version);
  return scanRows(parse, opened, writer, regions, 1);
}

function scanRows(
  { policy }: ParseTask,
  { body, plan }: Opened,
  writer: BankWriter,
  regions: readonly Region[],
  line: number,
): PartAnswer {
  const scanner = new Scanner(body, plan, writer, policy, false);
  scanner.scan(regions, line);
  const report = scanner.facts.report(plan, (field) => scanner.cells.isText(field));
  return { kind: 'rows', report, lines: scanner.facts.lineBehind - 1, deferred: scanner.facts.deferred };
}

function finish({ parse, range, recordsMissing }: Extract<PartTask, { step: 'finish' }>): PartAnswer {
  const { segment, version } = parse.target!;
  finishRange(openSegment(segment), version, range);
  const changes = recordRange(segment, version, range);
  const missing = recordsMissing ? recordMissing(segment, version, parse.receivedAtMs, parse.missing) : null;
  return { kind: 'finished', changes, missing };
}
