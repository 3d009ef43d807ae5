/**
 * What the server handed to one connection, and what its counters must say of it: every publish that
 * a subscription was not sent on its own is merged into a later diff, sent as a snapshot, or changed
 * nothing that it selects.
 */
import { differences, selected, type Selection } from '../fixtures/live-selections.js';
import type { SimTruth } from './sim-truth.js';

/** Of all connections of a world. */
export class LedgerSums {
  frames = 0;
  resyncs = 0;
  /** Publishes merged: at least and at most so many. */
  conflatedMin = 0;
  conflatedMax = 0;
}

interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly part?: number;
  readonly last?: boolean;
  readonly reason?: string;
  readonly snapshot_id?: string;
}

const RESYNCS: ReadonlySet<string> = new Set(['schema', 'rebuilt', 'too_old', 'gap']);

interface Subscribed {
  readonly selection: Selection;
  /** The version that the server knows the client to have; null: none, or one it was only told of. */
  base: number | null;
}

export class FrameLedger {
  readonly #sums: LedgerSums;
  readonly #truth: SimTruth;
  readonly #subscribed = new Map<string, Subscribed>();

  constructor(sums: LedgerSums, truth: SimTruth) {
    this.#sums = sums;
    this.#truth = truth;
  }

  subscribed(id: string, selection: Selection): void {
    this.#subscribed.set(id, { selection, base: null });
  }

  sent(text: string): void {
    const frame = JSON.parse(text) as Frame;
    const { type, id = '', reason = '' } = frame;
    const isData = type === 'diff' || type === 'snapshot';
    if (isData) this.#sums.frames++;
    const one = this.#subscribed.get(id);
    if (!one || (!isData && type !== 'heartbeat')) return;
    if (frame.part !== undefined && frame.last !== true) return;
    const target = Number(frame.snapshot_id!.split('-')[1]);
    if (RESYNCS.has(reason)) this.#sums.resyncs++;
    else if (isData && one.base !== null) this.#merged(one.selection, one.base, target);
    one.base = target;
  }

  #merged(selection: Selection, base: number, target: number): void {
    const { truths } = this.#truth;
    const between = Math.max(0, target - base - 1);
    this.#sums.conflatedMax += between;
    if (between === 0) return;
    const had = selected(truths.get(base)!, selection);
    let unchanged = base;
    for (let version = target - 1; version > base; version--) {
      const then = selected(truths.get(version)!, selection);
      if (String(then.fields) !== String(had.fields) || differences(then.rows, had.rows).length > 0) continue;
      unchanged = version;
      break;
    }
    this.#sums.conflatedMin += target - unchanged - 1;
  }
}
