/** The answer of GET /telemetry/changes: what a subscriber of that moment would be sent, in one piece. */
import { WeftError, type ErrorCode } from '../model/errors.js';
import { selectionProblem } from '../view/frame-selection.js';
import { ClientState } from './client-state.js';
import type { LiveContext } from './context.js';
import type { FrameOutcome, FrameRequest, FrameShop } from './frame-shop.js';
import { diffPrefix, NO_ID, snapshotPrefix, type SnapshotReason } from './messages.js';
import type { SharedSelection } from './selections.js';

/** Seconds after which a refused client may ask again. */
const RETRY_AFTER_S = 1;

export interface ChangesFrame {
  readonly snapshotId: string;
  /** JSON, in order; `body` is shared and must not be changed. */
  readonly prefix: string;
  readonly body: Uint8Array;
}

/** Rejects with WeftError. */
export async function changesFrame(
  context: LiveContext,
  selection: SharedSelection,
  since: string,
): Promise<ChangesFrame> {
  const limits = { ...context.frameLimits, partBytes: Infinity };
  for (;;) {
    const { current } = context;
    if (!current) throw new WeftError('no_data', 'No source has published yet.', RETRY_AFTER_S);
    const missing = selectionProblem(current.table, selection.selection);
    if (missing) throw missing;
    const state = new ClientState();
    state.resume(context.fabric, selection, current, since);
    const plan = state.plan(selection, current);
    let outcome = await request(context, { selection, since: plan.since, limits });
    let { reason } = plan;
    if (outcome?.kind === 'gap') {
      reason = 'too_old';
      outcome = await request(context, { selection, since: null, limits });
    }
    if (outcome) return answerOf(outcome, since, reason);
    await room(context);
  }
}

/** Asks the shop outside of the hub's turns. */
function request({ shop }: LiveContext, wanted: FrameRequest): ReturnType<FrameShop['request']> {
  const outcome = shop.request(wanted);
  shop.flush();
  return outcome;
}

/** Resolves when the shop may take another job; the table may have moved on. */
function room(context: LiveContext): Promise<void> {
  return new Promise((resolve) => {
    const step = {
      queued: false,
      step: (): number => {
        resolve();
        return 0;
      },
    };
    context.waitForRoom(step);
  });
}

const FAILURE_CODE: Readonly<Record<(FrameOutcome & { kind: 'failed' })['reason'], ErrorCode>> = {
  overloaded: 'overloaded',
  closed: 'overloaded',
  timeout: 'deadline',
  worker: 'internal',
};

function answerOf(outcome: FrameOutcome, since: string, reason: SnapshotReason): ChangesFrame {
  if (outcome.kind === 'refused') throw new WeftError(outcome.code, outcome.message);
  if (outcome.kind === 'failed') {
    const code = FAILURE_CODE[outcome.reason];
    throw new WeftError(code, outcome.message, code === 'overloaded' ? RETRY_AFTER_S : undefined);
  }
  if (outcome.kind === 'gap') throw new Error('BUG: a gap before a snapshot');
  const { frame } = outcome;
  const { snapshotId } = frame.target;
  const prefix = frame.kind === 'diff' ? diffPrefix(NO_ID, since) : snapshotPrefix(NO_ID, reason);
  return { snapshotId, prefix, body: frame.parts[0]! };
}
