/**
 * One subscription: brings its client from the state it has to newer ones, a frame at a time.
 *
 * Whatever the reason for which nothing can be sent (a full socket, max_hz, a job under way), the
 * changes need no queue: the next diff simply starts from the state that the client has.
 */
import type { Timer } from '../model/clock.js';
import type { ErrorCode } from '../model/errors.js';
import { selectionProblem } from '../view/frame-selection.js';
import { ClientState } from './client-state.js';
import type { LiveContext } from './context.js';
import type { Frame, FrameOutcome } from './frame-shop.js';
import type { FrameHolder } from './held-frames.js';
import {
  diffPrefix,
  errorFrame,
  heartbeatFrame,
  idMemberOf,
  snapshotPrefix,
  type SnapshotReason,
} from './messages.js';
import { Outgoing } from './outgoing.js';
import type { SubscribeMessage } from './protocol.js';
import type { SharedSelection } from './selections.js';
import type { CurrentState } from './table-state.js';
import { EMPTY_BODY } from './transport.js';
import type { Step } from './turns.js';

const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 30_000;
/** Timers take no longer delay; a wake-up that comes early just waits again. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The connection, as its subscriptions see it. */
export interface FrameOutlet {
  /** True while nothing can be sent. All subscriptions run again when that ends. */
  readonly blocked: boolean;
  /** Sends one frame; false when it was not taken and must be sent again. */
  send(prefix: string, body: Uint8Array): boolean;
  /** Sends a frame that is not data, or keeps it until it can. */
  sendControl(text: string): void;
  /** The subscription has ended by itself. */
  remove(subscription: Subscription): void;
}

export class Subscription implements Step, FrameHolder {
  readonly id: string;
  readonly selection: SharedSelection;
  queued = false;
  readonly #context: LiveContext;
  readonly #outlet: FrameOutlet;
  readonly #state = new ClientState();
  readonly #idMember: string;
  /** Milliseconds from frame to frame at least. */
  readonly #pauseMs: number;
  /** What the client said it has; null once that was looked at. */
  #since: string | null;
  #begun = false;
  #ended = false;
  #encoding = false;
  #outgoing: Outgoing | null = null;
  #notBeforeMs = -Infinity;
  #failures = 0;
  #lastSentMs: number;
  #timer: Timer | null = null;

  constructor(
    context: LiveContext,
    outlet: FrameOutlet,
    selection: SharedSelection,
    message: SubscribeMessage,
  ) {
    this.id = message.id;
    this.#idMember = idMemberOf(message.id);
    this.selection = selection;
    this.#context = context;
    this.#outlet = outlet;
    this.#since = message.since;
    this.#pauseMs = message.hzMax === null ? 0 : 1000 / message.hzMax;
    this.#lastSentMs = context.clock.monotonicMs();
  }

  /** Does what can be done now. Runs in a turn after anything that may have changed that. */
  step(): number {
    try {
      return this.#proceed();
    } catch (error) {
      // One selection that trips over a bug must not end the others.
      this.#context.log.error('live.bug', { error, id: this.id }, 'a subscription failed');
      this.#refuse('internal', 'cannot serve this subscription: an internal error');
      return 0;
    }
  }

  #proceed(): number {
    const { current, clock } = this.#context;
    if (this.#ended || this.#outlet.blocked) return 0;
    if (this.#outgoing) return this.#send(this.#outgoing);
    if (this.#encoding || !current) return 0;
    if (!this.#begun && !this.#begin(current)) return 0;
    if (this.#state.isAt(current)) return this.#beat();
    if (this.#notBeforeMs === -Infinity) return this.#request(current);
    const waitMs = this.#notBeforeMs - clock.monotonicMs();
    if (waitMs <= 0) return this.#request(current);
    this.#wakeIn(waitMs);
    return this.#beat();
  }

  /** The first step with data. False when the selection cannot be served. */
  #begin(current: CurrentState): boolean {
    const missing = selectionProblem(current.table, this.selection.selection);
    if (missing) {
      this.#refuse(missing.code, missing.message);
      return false;
    }
    this.#begun = true;
    if (this.#since === null) return true;
    this.#state.resume(this.#context.fabric, this.selection, current, this.#since);
    this.#since = null;
    return true;
  }

  #request(current: CurrentState): number {
    const { shop, frameLimits, turns } = this.#context;
    const { since, reason } = this.#state.plan(this.selection, current);
    const outcome = shop.request({ selection: this.selection, since, limits: frameLimits });
    if (outcome === undefined) this.#context.waitForRoom(this);
    else if (outcome instanceof Promise) {
      this.#encoding = true;
      void outcome.then((settled) => {
        this.#encoding = false;
        this.#accept(settled, reason);
        this.#outgoing?.hold(this.#context.held, this);
        turns.add(this);
      });
    } else {
      this.#accept(outcome, reason);
      if (this.#outgoing) return this.#send(this.#outgoing);
      turns.add(this);
    }
    return 0;
  }

  #accept(outcome: FrameOutcome, reason: SnapshotReason): void {
    if (this.#ended) return;
    if (outcome.kind === 'gap') this.#state.lost();
    else if (outcome.kind === 'refused') this.#refuse(outcome.code, outcome.message);
    else if (outcome.kind === 'failed') this.#fail(outcome.reason === 'overloaded', outcome.message);
    else {
      this.#failures = 0;
      if (outcome.frame.empty) this.#state.unchangedUpTo(outcome.frame.target);
      else this.#take(outcome.frame, reason);
    }
  }

  #take(frame: Frame, reason: SnapshotReason): void {
    const isDiff = frame.kind === 'diff';
    const id = this.#idMember;
    const prefix = isDiff ? diffPrefix(id, this.#state.prev) : snapshotPrefix(id, reason);
    this.#outgoing = new Outgoing(frame, prefix, reason);
  }

  #send(outgoing: Outgoing): number {
    const bytes = this.#sendPart(outgoing);
    this.#outgoing?.hold(this.#context.held, this);
    return bytes;
  }

  #sendPart(outgoing: Outgoing): number {
    const { frame, prefix } = outgoing;
    const body = frame.parts[outgoing.next]!;
    if (!this.#outlet.send(prefix, body)) return 0;
    const nowMs = this.#context.clock.monotonicMs();
    this.#lastSentMs = nowMs;
    this.#context.stats.framesSent++;
    if (outgoing.next === 0) this.#notBeforeMs = this.#pauseMs === 0 ? -Infinity : nowMs + this.#pauseMs;
    outgoing.next++;
    if (outgoing.next === frame.parts.length) this.#commit(outgoing);
    // Most clients are now where the table is, and need no other turn before the next publish.
    if (this.#outgoing || !this.#state.isAt(this.#context.current)) this.#context.turns.add(this);
    return body.byteLength;
  }

  /** The last part is out: the client's state is the frame's target. */
  #commit(outgoing: Outgoing): void {
    const { stats, held } = this.#context;
    this.#outgoing = null;
    outgoing.sent(held, this, stats, this.#state.reached(outgoing.frame.target));
  }

  /** Too much memory is held: the frame is forgotten, the client's state is what it was. */
  abandon(): void {
    this.#outgoing = null;
    this.#context.turns.add(this);
  }

  get mayAbandon(): boolean {
    const target = this.#outgoing?.frame.target;
    return this.#outlet.blocked && target?.fabricVersion !== this.#context.current?.fabricVersion;
  }

  /** True when the client has heard nothing for so long that a heartbeat is due. */
  beatDue(nowMs: number): boolean {
    if (this.#state.nameNow === null || this.#outgoing || this.#encoding) return false;
    // A resumed client without changes is told at once: otherwise it cannot know it was heard.
    if (this.#state.isResuming && this.#state.isAt(this.#context.current)) return true;
    return nowMs - this.#lastSentMs >= this.#context.limits.heartbeatMs;
  }

  /** Says "unchanged up to here" when that is due. */
  #beat(): number {
    const nowMs = this.#context.clock.monotonicMs();
    if (!this.beatDue(nowMs)) return 0;
    const text = heartbeatFrame(this.id, this.#state.nameNow!);
    // Not kept for later when it is not taken: by then the client may have unsubscribed.
    if (!this.#outlet.send(text, EMPTY_BODY)) return 0;
    this.#state.named();
    this.#lastSentMs = nowMs;
    return text.length;
  }

  #fail(overloaded: boolean, message: string): void {
    const { clock, log } = this.#context;
    const delayMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(this.#failures, 16));
    this.#failures++;
    this.#notBeforeMs = Math.max(this.#notBeforeMs, clock.monotonicMs() + delayMs);
    if (!overloaded) log.warn('live.encode', { message, retry_ms: delayMs }, 'a frame could not be encoded');
  }

  #refuse(code: ErrorCode, message: string): void {
    this.#outlet.sendControl(errorFrame(this.id, code, message));
    this.#outlet.remove(this);
  }

  #wakeIn(delayMs: number): void {
    // `#notBeforeMs` only moves later: the timer that runs is early enough, and every publish asks.
    this.#timer ??= this.#context.clock.schedule(Math.min(delayMs, TIMER_MS_MAX), () => {
      this.#timer = null;
      this.#context.turns.add(this);
    });
  }

  /** Nothing is sent any more. Call once, by the connection. */
  end(): void {
    this.#ended = true;
    this.#timer?.cancel();
    this.#outgoing = null;
    this.#context.held.drop(this);
  }
}
