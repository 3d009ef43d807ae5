/**
 * One connection: what it subscribed to, and whether it can take more. Everything that is sent to
 * it passes here, so that at most one frame waits for it however much is published.
 */
import type { ErrorCode } from '../model/errors.js';
import { selectionProblem } from '../view/frame-selection.js';
import type { LiveContext } from './context.js';
import { errorFrame, helloFrame, PONG_FRAME } from './messages.js';
import { parseClientMessage, type SubscribeMessage } from './protocol.js';
import type { SelectionBook } from './selections.js';
import { Subscription, type FrameOutlet } from './subscription.js';
import { CLOSE_POLICY, CLOSE_TRY_AGAIN, EMPTY_BODY, type LiveTransport } from './transport.js';

/** A connection counts as free again once so few bytes wait. */
const BUFFERED_BYTES_LOW = 16 * 1024;
/** Answers that wait for a connection that takes nothing; past it the client is not listening. */
const CONTROL_WAITING_MAX = 64;

export interface SessionDeps {
  readonly context: LiveContext;
  readonly selections: SelectionBook;
  readonly transport: LiveTransport;
  /** The session has ended, from whichever side. */
  readonly onEnd: (session: LiveSession) => void;
}

export class LiveSession implements FrameOutlet {
  readonly #context: LiveContext;
  readonly #selections: SelectionBook;
  readonly #transport: LiveTransport;
  readonly #onEnd: (session: LiveSession) => void;
  readonly #subscriptions = new Map<string, Subscription>();
  /** Answers not sent yet, in order. */
  #control: string[] = [];
  #blocked = false;
  #ended = false;
  /** Since when the connection takes nothing, monotonic; null while it does. */
  #stuckSinceMs: number | null = null;
  #bufferedBytes = 0;

  constructor({ context, selections, transport, onEnd }: SessionDeps) {
    this.#context = context;
    this.#selections = selections;
    this.#transport = transport;
    this.#onEnd = onEnd;
    this.sendControl(helloFrame(context.fabric.snapshotId));
  }

  get blocked(): boolean {
    return this.#blocked || this.#ended;
  }

  /** A text message of the client. */
  receive(text: string): void {
    if (this.#ended) return;
    const parsed = parseClientMessage(text);
    if (!parsed.ok) {
      const { id, code, message } = parsed.refusal;
      this.#refuse(id, code, message);
      return;
    }
    const { message } = parsed;
    if (message.op === 'subscribe') this.#subscribe(message);
    else if (message.op === 'unsubscribe') this.#unsubscribe(message.id);
    else this.#pong();
  }

  #pong(): void {
    // A client that only pings and never reads is owed one answer, not thousands.
    if (this.#blocked && this.#control.at(-1) === PONG_FRAME) return;
    this.sendControl(PONG_FRAME);
  }

  #subscribe(message: SubscribeMessage): void {
    const { current, limits } = this.#context;
    const known = this.#subscriptions.get(message.id);
    if (!known && this.#subscriptions.size >= limits.subscriptionsMax) {
      const max = limits.subscriptionsMax;
      const advice = 'unsubscribe one, or open another connection';
      this.#refuse(
        message.id,
        'too_large',
        `cannot hold more than ${max} subscriptions (SUBSCRIPTIONS_MAX): ${advice}`,
      );
      return;
    }
    const missing = current && selectionProblem(current.table, message.selection);
    if (missing) {
      this.#refuse(message.id, missing.code, missing.message);
      return;
    }
    if (known) this.remove(known);
    const selection = this.#selections.acquire(message.selection);
    const subscription = new Subscription(this.#context, this, selection, message);
    this.#subscriptions.set(message.id, subscription);
    selection.members.add(subscription);
    this.#context.turns.add(subscription);
  }

  #unsubscribe(id: string): void {
    const known = this.#subscriptions.get(id);
    if (known) this.remove(known);
    else this.#refuse(id, 'bad_value', 'cannot unsubscribe: there is no subscription of this id');
  }

  #refuse(id: string | undefined, code: ErrorCode, message: string): void {
    this.sendControl(errorFrame(id, code, message));
  }

  remove(subscription: Subscription): void {
    if (this.#subscriptions.get(subscription.id) !== subscription) return;
    this.#subscriptions.delete(subscription.id);
    subscription.end();
    subscription.selection.members.delete(subscription);
    this.#selections.release(subscription.selection);
  }

  send(prefix: string, body: Uint8Array): boolean {
    if (this.blocked) return false;
    const status = this.#transport.send(prefix, body);
    if (status === 'sent') this.#stuckSinceMs = null;
    else {
      this.#blocked = true;
      this.#bufferedBytes = this.#transport.bufferedBytes();
      this.#stuckSinceMs ??= this.#context.clock.monotonicMs();
    }
    return status !== 'dropped';
  }

  sendControl(text: string): void {
    if (this.#ended) return;
    if (this.#control.length === 0 && this.send(text, EMPTY_BODY)) return;
    this.#control.push(text);
    if (this.#control.length > CONTROL_WAITING_MAX)
      this.close(CLOSE_POLICY, 'messages without reading answers');
  }

  /** The transport has sent some of what it had queued. */
  drained(): void {
    if (this.#ended || !this.#blocked) return;
    const bytes = this.#transport.bufferedBytes();
    const moved = bytes < this.#bufferedBytes;
    const free = bytes === 0 || (moved && bytes <= BUFFERED_BYTES_LOW);
    if (moved) this.#stuckSinceMs = free ? null : this.#context.clock.monotonicMs();
    this.#bufferedBytes = bytes;
    if (!free) return;
    this.#blocked = false;
    while (this.#control.length > 0 && this.send(this.#control[0]!, EMPTY_BODY)) this.#control.shift();
    if (this.#blocked) return;
    for (const subscription of this.#subscriptions.values()) this.#context.turns.add(subscription);
  }

  /** From time to time: finds connections that take nothing, and subscriptions with nothing to say. */
  tick(nowMs: number): void {
    if (this.#isTooSlow(nowMs)) {
      this.close(CLOSE_TRY_AGAIN, 'too slow');
      return;
    }
    // A transport that forgets to call `drained` is noticed here.
    this.drained();
    if (this.blocked) return;
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.beatDue(nowMs)) this.#context.turns.add(subscription);
    }
  }

  #isTooSlow(nowMs: number): boolean {
    if (!this.#blocked || this.#stuckSinceMs === null) return false;
    if (this.#transport.bufferedBytes() < this.#bufferedBytes) return false;
    return nowMs - this.#stuckSinceMs >= this.#context.limits.slowClientMs;
  }

  /** Ends the connection from this side. */
  close(code: number, reason: string): void {
    if (this.#ended) return;
    this.closed();
    this.#transport.close(code, reason);
  }

  /** The connection has ended. Calling it again does nothing. */
  closed(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#control = [];
    for (const subscription of [...this.#subscriptions.values()]) this.remove(subscription);
    this.#onEnd(this);
  }
}
