/** What the parts of live/ share. */
import type { Clock } from '../model/clock.js';
import { DIFF_CELLS_INLINE_MAX, FRAME_PART_BYTES } from '../model/limits.js';
import type { Logger } from '../model/log.js';
import type { Fabric } from '../fabric/fabric.js';
import type { FrameLimits } from '../view/frame-parts.js';
import type { FrameShop } from './frame-shop.js';
import type { HeldFrames } from './held-frames.js';
import type { CurrentState } from './table-state.js';
import type { Step, Turns } from './turns.js';

/** Counters that the hub moves; stats/ shows them. */
export interface LiveStats {
  /** Connections now. */
  subscribers: number;
  /** Data frames sent; each part counts. */
  framesSent: number;
  /** Publishes that were merged into a later diff of a subscription. */
  conflated: number;
  /** Snapshots sent to a subscription that had a state: schema, rebuilt, gap, too_old. */
  resyncs: number;
}

export interface LiveLimits {
  /** A connection that takes nothing for so long is closed (SLOW_CLIENT_MS). */
  readonly slowClientMs: number;
  /** Cells of one selection (MAX_FRAME_CELLS). */
  readonly frameCellsMax: number;
  /** Bytes of one frame, all parts together (MAX_LIST_BYTES). */
  readonly frameBytesMax: number;
  /** Of one connection. */
  readonly subscriptionsMax: number;
  /** Of one encode job in a worker. */
  readonly jobTimeoutMs: number;
  /** Silence after which a subscription is told that nothing changed. */
  readonly heartbeatMs: number;
  /** Frames are cut into parts of about this size. */
  readonly partBytes: number;
  /** Frames of more cells are encoded in workers. */
  readonly inlineCellsMax: number;
}

/** What API.md section 4 fixes. */
export const LIVE_DEFAULTS = {
  heartbeatMs: 15_000,
  partBytes: FRAME_PART_BYTES,
  inlineCellsMax: DIFF_CELLS_INLINE_MAX,
} satisfies Partial<LiveLimits>;

/** LiveLimits as a caller gives them: those of LIVE_DEFAULTS may be absent. */
export type LiveOptions = Omit<LiveLimits, keyof typeof LIVE_DEFAULTS> & Partial<LiveLimits>;

export interface LiveContext {
  readonly fabric: Fabric;
  readonly clock: Clock;
  readonly log: Logger;
  readonly stats: LiveStats;
  readonly limits: LiveLimits;
  readonly frameLimits: FrameLimits;
  readonly shop: FrameShop;
  readonly held: HeldFrames;
  readonly turns: Turns;
  /** The version served now; null before the first publish. */
  readonly current: CurrentState | null;
  /** Runs the step again once the shop may have room. */
  waitForRoom(step: Step): void;
}
