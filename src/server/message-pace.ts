/** How many messages one live client may send: a token bucket. Each costs a turn of the loop, and may cost an answer. */

/** So many at once, and so many a second from then on. */
export const MESSAGES_BURST = 2000;
export const MESSAGES_PER_SECOND = 1000;

/** RFC 6455: the client breaks a rule of the endpoint. */
export const CLOSE_FLOOD = 1008;
export const FLOOD_REASON = `more than ${MESSAGES_PER_SECOND} messages a second`;

export class MessagePace {
  #left = MESSAGES_BURST;
  #atMs = -Infinity;

  /** One more message, ping or pong. False: it is too many. `nowMs` is monotonic. */
  admit(nowMs: number): boolean {
    const gained = ((nowMs - this.#atMs) * MESSAGES_PER_SECOND) / 1000;
    this.#left = Math.min(MESSAGES_BURST, this.#left + gained) - 1;
    this.#atMs = nowMs;
    return this.#left >= 0;
  }
}
