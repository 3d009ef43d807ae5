/** Keeps pages of other sites from opening a stream in a visitor's browser. */
import { ALLOW, type Guard, type GuardFacts, type Verdict } from './guard.js';

const ORIGIN = /^https?:\/\/([^/]+)$/i;

/**
 * Browsers let any page open a WebSocket anywhere and say in Origin which page it was. Without an
 * Origin the client is no browser; otherwise it must name the host that was asked.
 */
export class OriginGuard implements Guard {
  readonly name = 'origin';

  admits({ transport }: Pick<GuardFacts, 'transport'>): boolean {
    return transport !== 'websocket';
  }

  check(facts: GuardFacts): Verdict {
    if (facts.transport !== 'websocket' || facts.origin === '') return ALLOW;
    const asked = ORIGIN.exec(facts.origin)?.[1];
    if (asked?.toLowerCase() === facts.host.toLowerCase()) return ALLOW;
    const message = 'cannot open a stream for a page of another origin';
    return { allow: false, status: 403, error: 'forbidden', message };
  }
}
