/**
 * Diffs to subscribers. Knows tables, selections and time; knows no sockets and no HTTP.
 *
 * A publish queues every subscription once. Its step, in some later turn of the loop, computes the
 * way from what its client has to the table of that moment, or does nothing because the client is
 * slow, limited or up to date. Nothing is ever queued per publish: that is the conflation.
 */
import type { Clock, Timer } from '../model/clock.js';
import { WeftError } from '../model/errors.js';
import type { JobRunner } from '../model/jobs.js';
import type { Logger } from '../model/log.js';
import type { Fabric } from '../fabric/fabric.js';
import type { FrameLimits } from '../view/frame-parts.js';
import type { FrameSelection } from '../view/frame-selection.js';
import { changesFrame, type ChangesFrame } from './changes-frame.js';
import {
  LIVE_DEFAULTS,
  type LiveContext,
  type LiveLimits,
  type LiveOptions,
  type LiveStats,
} from './context.js';
import { FrameShop } from './frame-shop.js';
import { HeldFrames } from './held-frames.js';
import { RoomQueue } from './room-queue.js';
import { SelectionBook } from './selections.js';
import { LiveSession } from './session.js';
import { currentState, type CurrentState } from './table-state.js';
import { CLOSE_GOING_AWAY, type LiveTransport } from './transport.js';
import { Turns, type Defer, type Step } from './turns.js';

/** Slow clients and due heartbeats are looked for this often, at least. */
const TICK_MS_MAX = 1000;
/** Requests for GET /telemetry/changes that may be under way. */
const CHANGES_REQUESTS_MAX = 256;

export interface HubDeps {
  readonly fabric: Fabric;
  readonly jobs: JobRunner;
  readonly clock: Clock;
  readonly log: Logger;
  readonly stats: LiveStats;
  readonly limits: LiveOptions;
  /** Runs a function in a later turn of the event loop. Default: setImmediate. */
  readonly defer?: Defer;
  /** Bytes of frames on their way to slow clients. Default: 256 MiB. */
  readonly heldBytesMax?: number;
}

export class Hub implements LiveContext {
  readonly fabric: Fabric;
  readonly clock: Clock;
  readonly log: Logger;
  readonly stats: LiveStats;
  readonly limits: LiveLimits;
  readonly frameLimits: FrameLimits;
  readonly shop: FrameShop;
  readonly held: HeldFrames;
  readonly turns: Turns;
  readonly #selections = new SelectionBook();
  readonly #sessions = new Set<LiveSession>();
  readonly #room: RoomQueue;
  readonly #tickMs: number;
  #current: CurrentState | null = null;
  #ticker: Timer | null = null;
  #stopped = false;
  #changesRequests = 0;

  constructor(deps: HubDeps) {
    const { fabric, jobs, clock, log, stats } = deps;
    const limits = { ...LIVE_DEFAULTS, ...deps.limits };
    this.fabric = fabric;
    this.clock = clock;
    this.log = log;
    this.stats = stats;
    this.limits = limits;
    this.frameLimits = {
      partBytes: limits.partBytes,
      cellsMax: limits.frameCellsMax,
      bytesMax: limits.frameBytesMax,
    };
    const onRoom = (): void => this.#room.wake(this.shop);
    this.turns = new Turns(clock, deps.defer ?? setImmediate, () => {
      this.shop.flush();
      onRoom();
    });
    this.#room = new RoomQueue(this.turns);
    const current = (): CurrentState | null => this.current;
    const { jobTimeoutMs, inlineCellsMax } = limits;
    this.shop = new FrameShop({ fabric, jobs, current, jobTimeoutMs, inlineCellsMax, onRoom });
    this.held = new HeldFrames(deps.heldBytesMax);
    this.#tickMs = Math.max(1, Math.min(TICK_MS_MAX, limits.slowClientMs / 4, limits.heartbeatMs / 4));
    fabric.onPublish(() => this.#published());
  }

  get current(): CurrentState | null {
    const { table, version } = this.fabric;
    // Every source was replaced: clients keep what they have until one of the new ones has published.
    if (table === null || table.parts.length === 0) this.#current = null;
    else if (table !== this.#current?.table) this.#current = currentState(table, version);
    return this.#current;
  }

  #published(): void {
    for (const { members } of this.#selections.all()) {
      for (const subscription of members) this.turns.add(subscription);
    }
  }

  waitForRoom(step: Step): void {
    this.#room.add(step);
  }

  /** A client connected. The session says hello at once; `transport` must be ready to send. */
  attach(transport: LiveTransport): LiveSession {
    const onEnd = (ended: LiveSession): void => {
      this.#sessions.delete(ended);
      this.stats.subscribers = this.#sessions.size;
    };
    const session = new LiveSession({ context: this, selections: this.#selections, transport, onEnd });
    this.#sessions.add(session);
    this.stats.subscribers = this.#sessions.size;
    if (this.#stopped) session.close(CLOSE_GOING_AWAY, 'going away');
    else this.#scheduleTick();
    return session;
  }

  #scheduleTick(): void {
    if (this.#ticker || this.#sessions.size === 0 || this.#stopped) return;
    this.#ticker = this.clock.schedule(this.#tickMs, () => {
      this.#ticker = null;
      const nowMs = this.clock.monotonicMs();
      for (const session of this.#sessions) session.tick(nowMs);
      this.#scheduleTick();
    });
  }

  /**
   * What GET /telemetry/changes answers: one uncut frame without id, from the state that `since`
   * names to now. Rejects with WeftError: no_data, unknown_metric, too_large, overloaded, internal.
   */
  async changesFrame(selection: FrameSelection, since: string): Promise<ChangesFrame> {
    if (this.#changesRequests >= CHANGES_REQUESTS_MAX) {
      throw new WeftError('overloaded', `more than ${CHANGES_REQUESTS_MAX} requests for changes wait`, 1);
    }
    this.#changesRequests++;
    const shared = this.#selections.acquire(selection);
    try {
      return await changesFrame(this, shared, since);
    } finally {
      this.#selections.release(shared);
      this.#changesRequests--;
    }
  }

  /** True when nothing waits for a turn of the loop. */
  get idle(): boolean {
    return this.turns.idle;
  }

  /** Closes every connection as going away. Later ones are closed at once. */
  stop(): void {
    this.#stopped = true;
    this.#ticker?.cancel();
    for (const session of [...this.#sessions]) session.close(CLOSE_GOING_AWAY, 'going away');
  }
}
