/** Makes what every exchange of one server shares. */
import type { Access } from './access/access.js';
import { BulkSender } from './bulk.js';
import type { ServerContext } from './context.js';
import type { ServerCore } from './core.js';
import { LOOP_DELAY_MS_MAX, OverloadGuard, type TimerLoopLag } from './guards/overload.js';
import { HeaderBlock } from './header-block.js';
import { InFlight } from './in-flight.js';
import { RequestHead } from './request-head.js';
import { RequestIds } from './request-ids.js';

const DEADLINE_MS = 60_000;

export type CoreContext = Pick<ServerContext, 'clock' | 'log' | 'random' | 'stats' | 'guards'> & {
  readonly options: Pick<
    ServerContext['options'],
    'inFlightBytesMax' | 'accessLog' | 'deadlineMs' | 'loopDelayMsMax'
  >;
};

export function makeCore(context: CoreContext, lag: TimerLoopLag, access: Access): ServerCore {
  const { options, clock, log, random, stats } = context;
  const bulk = new BulkSender(options.inFlightBytesMax);
  const overload = new OverloadGuard({
    lag,
    loopDelayMsMax: options.loopDelayMsMax ?? LOOP_DELAY_MS_MAX,
    bytesInFlight: () => bulk.bytesInFlight,
    inFlightBytesMax: options.inFlightBytesMax,
  });
  return {
    clock,
    log,
    stats,
    accessLog: options.accessLog,
    guards: [...access.guards, overload, ...(context.guards ?? [])],
    cors: access.cors,
    tokens: access.tokens,
    requestIds: new RequestIds(random),
    seed: 1 + Math.floor(random() * 0x7fff_fffe),
    inFlight: new InFlight(),
    bulk,
    head: new RequestHead(),
    block: new HeaderBlock(),
    deadlineMs: options.deadlineMs ?? DEADLINE_MS,
    draining: false,
    lastRequestMs: clock.monotonicMs(),
  };
}
