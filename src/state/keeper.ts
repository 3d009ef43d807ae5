/**
 * Keeps the last good body of each source on disk. Main only: decides what is written when, and holds
 * the memory of a body until the state thread is done with it. Never in anybody's way: what the disk
 * refuses is told and counted, nothing else.
 */
import type { BodyBytes } from '../model/body.js';
import type { Clock, Timer } from '../model/clock.js';
import { FORMAT_VERSION, type StateMeta } from './format.js';
import type { StateReply } from './messages.js';
import type { StateDisk } from './thread.js';

/** A good body. Its bytes belong to the keeper from the call on. */
export interface KeptBody {
  readonly bytes: BodyBytes;
  /** Epoch ms. */
  readonly receivedAtMs: number;
  readonly snapshotTsMs: number | null;
  readonly contentType: string | null;
}

/** Called synchronously; must not throw. */
export interface StateObserver {
  written(sourceId: string): void;
  /** The disk refused something; `sourceId` null: the directory itself. */
  failed(sourceId: string | null, reason: string): void;
  restored(sourceId: string, meta: StateMeta): void;
  /** A file cannot be used; `aside` is its new name, null when it could not be renamed. */
  bad(sourceId: string, reason: string, aside: string | null): void;
}

export interface KeeperDeps {
  readonly disk: StateDisk;
  readonly clock: Clock;
  readonly observer: StateObserver;
  /** Of the weft that writes. */
  readonly version: string;
  /** Between the starts of two writes of one source. */
  readonly intervalMs: number;
}

/** One source: at most one body being written and one, the newest, that waits. */
interface Slot {
  pending: KeptBody | null;
  isWriting: boolean;
  /** Monotonic. */
  nextMs: number;
  timer: Timer | null;
}

export class StateKeeper {
  readonly #deps: KeeperDeps;
  readonly #slots = new Map<string, Slot>();
  /** What the disk refused last, by source; the directory itself is `''`. */
  readonly #refused = new Set<string>();
  #closing = false;

  constructor(deps: KeeperDeps) {
    this.#deps = deps;
  }

  /** The last write of some source failed: what is on disk is older than it should be. */
  get isDegraded(): boolean {
    return this.#refused.size > 0;
  }

  /** A body of this source was published. */
  keep(sourceId: string, body: KeptBody): void {
    if (this.#closing) return body.bytes.release();
    const slot = this.#slotOf(sourceId);
    slot.pending?.bytes.release();
    slot.pending = body;
    this.#advance(sourceId, slot);
  }

  #slotOf(sourceId: string): Slot {
    let slot = this.#slots.get(sourceId);
    if (!slot)
      this.#slots.set(sourceId, (slot = { pending: null, isWriting: false, nextMs: 0, timer: null }));
    return slot;
  }

  #advance(sourceId: string, slot: Slot): void {
    if (slot.isWriting || slot.timer || !slot.pending) return;
    const { clock } = this.#deps;
    const waitMs = this.#closing ? 0 : slot.nextMs - clock.monotonicMs();
    if (waitMs <= 0) return void this.#write(sourceId, slot);
    slot.timer = clock.schedule(waitMs, () => {
      slot.timer = null;
      this.#advance(sourceId, slot);
    });
  }

  async #write(sourceId: string, slot: Slot): Promise<void> {
    const { disk, clock, observer, intervalMs } = this.#deps;
    const body = slot.pending!;
    slot.pending = null;
    slot.isWriting = true;
    slot.nextMs = clock.monotonicMs() + intervalMs;
    const { bytes } = body;
    const reply = await disk.ask({
      op: 'write',
      meta: this.#metaOf(sourceId, body),
      body: { buffer: bytes.buffer, byteLength: bytes.byteLength },
    });
    bytes.release();
    slot.isWriting = false;
    if (reply.kind === 'done') {
      this.#refused.delete(sourceId);
      this.#refused.delete('');
      observer.written(sourceId);
    } else {
      this.#refused.add(sourceId);
      observer.failed(sourceId, reasonOf(reply));
    }
    this.#advance(sourceId, slot);
  }

  #metaOf(sourceId: string, { bytes, receivedAtMs, snapshotTsMs, contentType }: KeptBody): StateMeta {
    return {
      format: FORMAT_VERSION,
      weft: this.#deps.version,
      source: sourceId,
      received_at_ms: receivedAtMs,
      snapshot_ts_ms: snapshotTsMs,
      content_type: contentType,
      bytes: bytes.byteLength,
    };
  }

  /** Makes the directory and clears it of what was cut off; resolves also when that fails. */
  async prepare(): Promise<void> {
    const reply = await this.#deps.disk.ask({ op: 'prepare' });
    if (reply.kind === 'done') return;
    this.#refused.add('');
    this.#deps.observer.failed(null, reasonOf(reply));
  }

  /**
   * The body that was kept of a source, verified, or null; a file that cannot be used is set aside.
   * Never rejects. `allocate` makes memory of exactly so many bytes for the thread to fill.
   */
  async restore(
    sourceId: string,
    bodyBytesMax: number,
    allocate: (bytes: number) => BodyBytes,
  ): Promise<{ readonly meta: StateMeta; readonly bytes: BodyBytes } | null> {
    const { disk, clock, observer } = this.#deps;
    const found = await disk.ask({ op: 'find', sourceId, bodyBytesMax, nowMs: clock.nowMs() });
    if (found.kind !== 'found') {
      this.#tellUnusable(sourceId, found);
      return null;
    }
    const { meta } = found;
    const bytes = allocate(meta.bytes);
    const body = { buffer: bytes.buffer, byteLength: bytes.byteLength };
    const loaded = await disk.ask({ op: 'load', meta, body, nowMs: clock.nowMs() });
    if (loaded.kind === 'done') {
      observer.restored(sourceId, meta);
      return { meta, bytes };
    }
    bytes.release();
    this.#tellUnusable(sourceId, loaded);
    return null;
  }

  #tellUnusable(sourceId: string, reply: StateReply): void {
    const { observer } = this.#deps;
    if (reply.kind === 'bad') observer.bad(sourceId, reply.reason, reply.aside);
    else if (reply.kind !== 'none') observer.failed(sourceId, reasonOf(reply));
  }

  /** Writes what is newer than its file, at most until `deadlineMs` from now, and ends the thread. */
  async close(deadlineMs: number): Promise<void> {
    this.#closing = true;
    const { clock, disk } = this.#deps;
    let isLate = false;
    const late = new Promise<void>((resolve) => {
      clock.schedule(deadlineMs, () => {
        isLate = true;
        resolve();
      });
    });
    for (const [sourceId, slot] of this.#slots) {
      slot.timer?.cancel();
      slot.timer = null;
      this.#advance(sourceId, slot);
    }
    while (!isLate && [...this.#slots.values()].some((slot) => slot.isWriting || slot.pending)) {
      await Promise.race([late, this.#idle()]);
    }
    for (const slot of this.#slots.values()) {
      slot.pending?.bytes.release();
      slot.pending = null;
    }
    await disk.close();
  }

  /** Resolves when the thread has done what it was asked so far. */
  async #idle(): Promise<void> {
    await this.#deps.disk.ask({ op: 'idle' });
  }
}

function reasonOf(reply: StateReply): string {
  return reply.kind === 'failed' || reply.kind === 'bad' ? reply.reason : `unexpected answer ${reply.kind}`;
}
