/** Records histories, and reads them for large answers. See src/snapshot/history-layout.ts. */
import { move } from 'piscina';
import type { RecordAnswer, RecordTask } from '../src/snapshot/history-task.js';
import { recordHistory as record } from '../src/snapshot/history-writer.js';
import { runComparison, type CompareTask } from '../src/view/comparison.js';
import { historyBody, type HistoryBody } from '../src/view/history-body.js';
import { runSeries, type SeriesTask } from '../src/view/series.js';

/** Piscina's documented way to name the buffers inside a result; its symbols are registered ones. */
const TRANSFERABLE = Symbol.for('Piscina.transferable');
const VALUE = Symbol.for('Piscina.valueOf');

/** The pool's `recordHistory`. The answer is small: samples stay in shared memory. */
export function recordHistory(task: RecordTask): RecordAnswer {
  return record(task);
}

/** The pool's `encodeSeries`. */
export function encodeSeries(task: SeriesTask): HistoryBody {
  return moved(historyBody(() => runSeries(task)));
}

/** The pool's `encodeComparison`. */
export function encodeComparison(task: CompareTask): HistoryBody {
  return moved(historyBody(() => runComparison(task)));
}

/** The body's buffer is transferred, not copied. */
function moved(body: HistoryBody): HistoryBody {
  if (!body.ok) return body;
  return move({ [TRANSFERABLE]: [body.bytes.buffer], [VALUE]: body } as never) as unknown as HistoryBody;
}
