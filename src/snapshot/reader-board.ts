/**
 * What main and the reader threads say to each other without a message: which news there is, who has
 * taken it, and how many connections each thread holds. All words are i32 in one shared buffer.
 *
 * News are numbered modulo 2^32. Main posts a message first and announces its number then, so that a
 * thread that sees the number finds the message waiting. A read that began with the newest news and is
 * confirmed afterwards saw one table only: a bank is filled again, and memory given up, behind a later
 * announcement. As with INTENT (seqlock.ts), both sides use read-modify-writes.
 */

/** A cache line for each thread, and one for the news. */
const LINE_WORDS = 16;
const NEWS = 0;
const SEEN = 0;
const CONNECTIONS = 1;
const CLOSED = 2;

/** Numbers go round: true when `a` comes before `b`, or is the same. */
const isUpTo = (a: number, b: number): boolean => ((b - a) | 0) >= 0;

export class ReaderBoard {
  readonly buffer: SharedArrayBuffer;
  /** Main is thread 0. */
  readonly threads: number;
  readonly #i32: Int32Array;

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#i32 = new Int32Array(buffer);
    this.threads = this.#i32.length / LINE_WORDS - 1;
  }

  static make(threads: number): ReaderBoard {
    return new ReaderBoard(new SharedArrayBuffer((threads + 1) * LINE_WORDS * 4));
  }

  static open(buffer: SharedArrayBuffer): ReaderBoard {
    return new ReaderBoard(buffer);
  }

  /** The number of the newest news. */
  get news(): number {
    return Atomics.load(this.#i32, NEWS);
  }

  /** True when there is news behind `news`; a message may come before its announcement. */
  isBehind(news: number): boolean {
    return !isUpTo(this.news, news);
  }

  /** The number that the next announcement will have. */
  get nextNews(): number {
    return (this.news + 1) | 0;
  }

  /** Main, after the message was posted to every thread. */
  announce(): void {
    Atomics.add(this.#i32, NEWS, 1);
  }

  /** True when there has been no later news than `news`: what was read before this call is of one table. */
  confirm(news: number): boolean {
    return isUpTo(Atomics.add(this.#i32, NEWS, 0), news);
  }

  /** A thread holds nothing any more that was given up before `news`. */
  saw(thread: number, news: number): void {
    Atomics.store(this.#i32, this.#line(thread) + SEEN, news);
  }

  hasSeen(thread: number, news: number): boolean {
    return isUpTo(news, Atomics.load(this.#i32, this.#line(thread) + SEEN));
  }

  /** Counts connections of a thread. */
  addConnections(thread: number, change: number): void {
    Atomics.add(this.#i32, this.#line(thread) + CONNECTIONS, change);
  }

  connectionsOf(thread: number): number {
    return Atomics.load(this.#i32, this.#line(thread) + CONNECTIONS);
  }

  /** Of all threads together. */
  get connections(): number {
    let sum = 0;
    for (let thread = 0; thread < this.threads; thread++) sum += this.connectionsOf(thread);
    return sum;
  }

  /** A thread is about to start in this place: nothing of the one before counts. */
  reset(thread: number): void {
    const line = this.#line(thread);
    for (const word of [SEEN, CONNECTIONS, CLOSED]) Atomics.store(this.#i32, line + word, 0);
  }

  /** A thread: its sockets are closed, and it may be ended in any way. */
  closed(thread: number): void {
    Atomics.store(this.#i32, this.#line(thread) + CLOSED, 1);
    Atomics.notify(this.#i32, this.#line(thread) + CLOSED);
  }

  /** Main, while it ends: blocks until a thread has said `closed`. False when it did not in time. */
  waitClosed(thread: number, timeoutMs: number): boolean {
    return Atomics.wait(this.#i32, this.#line(thread) + CLOSED, 0, timeoutMs) !== 'timed-out';
  }

  #line(thread: number): number {
    return (thread + 1) * LINE_WORDS;
  }
}
