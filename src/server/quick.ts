/**
 * The shortest way from a request to its answer, for a GET of which nothing has to be found out first:
 * no exchange, no guard that has to be asked, nothing that is kept, one block of headers. Whatever is
 * not as plain as that goes the whole way, with the same answer.
 */
import type { ServerCore } from './core.js';
import type { Endpoint } from './endpoint.js';
import type { Guard, GuardFacts } from './guards/guard.js';
import type { RequestHead } from './request-head.js';
import type { SnapshotPrefix } from './snapshot-headers.js';
import type { UwsResponse } from './uws.js';

/** What a route knows at once of an answer 200. Used again by its next call. */
export interface QuickAnswer {
  prefix: SnapshotPrefix;
  snapshotId: string;
  ageMs: number;
  dataTsMs: number;
  body: Uint8Array;
}

/** Undefined, for whatever reason: the request goes the whole way. */
export type QuickHandler = (query: string, startMs: number, head: RequestHead) => QuickAnswer | undefined;

/**
 * One request in so many goes the whole way, by chance. There the body goes out by tryEnd, which tells
 * whether the client still takes its answers and costs a fifth of a whole request; end, as it is called
 * here, keeps what a client does not take without bound. A client that sends requests in a row and
 * reads nothing therefore collects a few dozen answers, in practice never a thousand, before its
 * connection is cut.
 */
const WHOLE_WAY_ONE_IN = 32;

const kindOf = ({ cost }: Endpoint): Pick<GuardFacts, 'transport' | 'cost'> => ({ transport: 'http', cost });

export class QuickPath {
  readonly #core: ServerCore;
  readonly #endpoint: Endpoint;
  readonly #handle: QuickHandler;
  /** Those that do not admit everything always. */
  readonly #guards: readonly Guard[];
  readonly #kind: Pick<GuardFacts, 'transport' | 'cost'>;
  #chance: number;

  constructor(core: ServerCore, endpoint: Endpoint, handle: QuickHandler) {
    this.#core = core;
    this.#kind = kindOf(endpoint);
    this.#guards = core.guards.filter((guard) => guard.admits?.(this.#kind) !== true);
    this.#endpoint = endpoint;
    this.#handle = handle;
    this.#chance = core.seed;
  }

  /** Whether requests to the endpoint may ever take it: nobody has to be asked, nothing is logged. */
  static serves({ guards, accessLog }: ServerCore, endpoint: Endpoint): boolean {
    const isQuick = (guard: Guard): boolean =>
      guard.admits?.(kindOf(endpoint)) === true || guard.admitsNow !== undefined;
    return accessLog !== 'all' && guards.every(isQuick);
  }

  /** Answers a GET whose head has been read, or does nothing and returns false. */
  answer(res: UwsResponse, query: string, startMs: number): boolean {
    const { head, draining, requestIds, clock, stats } = this.#core;
    if (!head.isPlain || draining || this.#takesWholeWay()) return false;
    for (const guard of this.#guards) if (!guard.admitsNow!(this.#kind)) return false;
    const answer = this.#handle(query, startMs, head);
    if (answer === undefined) return false;
    const { prefix, snapshotId, ageMs, dataTsMs, body } = answer;
    res.writeStatus(prefix.whole(requestIds, snapshotId, ageMs, dataTsMs));
    res.end(body);
    this.#endpoint.latency.record((clock.monotonicMs() - startMs) * 1000);
    stats.response(200);
    return true;
  }

  // Xorshift: a client must not know which of its requests it will be.
  #takesWholeWay(): boolean {
    let x = this.#chance;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#chance = x;
    return (x >>> 8) % WHOLE_WAY_ONE_IN === 0;
  }
}
