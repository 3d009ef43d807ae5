/** Which answer of a recording is the present one: recorded time passes with our own, only faster. */

import type { Clock } from '../model/clock.js';
import type { Answer, Timeline } from './timeline.js';

export interface PlayerOptions {
  /** Times as fast as it was recorded; `max`: the next answer at each request. */
  readonly speed: number | 'max';
  readonly loop: boolean;
  readonly times: 'shifted' | 'original';
}

/** An answer as it is given now. */
export interface Playing {
  readonly answer: Answer;
  /** X-Snapshot-Ts, null when none was recorded. */
  readonly snapshotTsMs: number | null;
}

/** Pause between the last answer and the first of the next round, where there is only one. */
const LONELY_MS = 1_000;

export class Player {
  readonly #timeline: Timeline;
  readonly #options: PlayerOptions;
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #startMonoMs: number;
  /** From the first answer to where it would begin again: as long as answers are apart on average. */
  readonly #roundMs: number;
  /** With speed max: the answer given last, and when it was first given. */
  readonly #cursors = new Map<string, { index: number; sinceMs: number }>();

  /** Begins at once. */
  constructor(timeline: Timeline, options: PlayerOptions, clock: Clock) {
    this.#timeline = timeline;
    this.#options = options;
    this.#clock = clock;
    this.#startMs = clock.nowMs();
    this.#startMonoMs = clock.monotonicMs();
    this.#roundMs = roundMsOf(timeline);
  }

  /**
   * The present answer of a source of the timeline. `advance`: this is a request that counts, where
   * requests are what makes time pass.
   */
  now(source: string, advance: boolean): Playing {
    const answers = this.#timeline.sources.get(source)!;
    return this.#options.speed === 'max' ? this.#step(source, answers, advance) : this.#at(answers);
  }

  #at(answers: readonly Answer[]): Playing {
    const speed = this.#options.speed as number;
    const roundMs = this.#roundMs;
    const passedMs = (this.#clock.monotonicMs() - this.#startMonoMs) * speed;
    const round = this.#options.loop ? Math.floor(passedMs / roundMs) : 0;
    const intoMs = passedMs - round * roundMs;
    const { startMs } = this.#timeline;
    const answer = answers[lastUntil(answers, startMs + intoMs)]!;
    const { snapshotTsMs } = answer;
    if (snapshotTsMs === null || this.#options.times === 'original') return { answer, snapshotTsMs };
    // The same line through time for samples as for answers: an age shrinks as the rest does.
    const shiftedMs = this.#startMs + (round * roundMs + snapshotTsMs - startMs) / speed;
    return { answer, snapshotTsMs: Math.round(shiftedMs) };
  }

  #step(source: string, answers: readonly Answer[], advance: boolean): Playing {
    const cursor = this.#cursors.get(source) ?? { index: -1, sinceMs: 0 };
    const next = cursor.index + 1;
    const isEnd = next >= answers.length;
    if (cursor.index < 0 || (advance && (!isEnd || this.#options.loop))) {
      cursor.index = isEnd ? 0 : next;
      cursor.sinceMs = this.#clock.nowMs();
      // A look that does not count leaves the first answer to be given.
      if (advance) this.#cursors.set(source, cursor);
    }
    const answer = answers[cursor.index]!;
    const { snapshotTsMs, atMs } = answer;
    if (snapshotTsMs === null || this.#options.times === 'original') return { answer, snapshotTsMs };
    return { answer, snapshotTsMs: Math.round(cursor.sinceMs - (atMs - snapshotTsMs)) };
  }
}

function roundMsOf({ startMs, endMs, sources }: Timeline): number {
  const longest = Math.max(...[...sources.values()].map((answers) => answers.length));
  const spanMs = endMs - startMs;
  return spanMs + (longest > 1 && spanMs > 0 ? spanMs / (longest - 1) : LONELY_MS);
}

/** Index of the last answer that began at or before `atMs`; the first before that. */
function lastUntil(answers: readonly Answer[], atMs: number): number {
  let low = 0;
  let high = answers.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (answers[middle]!.atMs <= atMs) low = middle;
    else high = middle - 1;
  }
  return low;
}
