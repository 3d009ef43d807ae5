/** Who a request comes from, when proxies stand in between. */
import { canonicalAddress, NetworkSet } from '../../model/networks.js';

/** Nobody has more proxies in a row; a forged list must not cost more than a look at so many. */
const HOPS_MAX = 16;

export class ClientAddresses {
  readonly #trusted: NetworkSet;

  /** `trusted`: TRUSTED_PROXIES. */
  constructor(trusted: readonly string[]) {
    this.#trusted = new NetworkSet(trusted);
  }

  /**
   * The address that the nearest untrusted hop has. `forwardedFor` is what clients and proxies wrote,
   * nearest last: it counts as far as trusted proxies wrote it.
   */
  of(peer: string, forwardedFor: string): string {
    if (forwardedFor === '' || this.#trusted.isEmpty || !this.#trusted.has(peer)) return peer;
    const hops = forwardedFor.split(',').slice(-HOPS_MAX);
    let client = peer;
    while (hops.length > 0 && this.#trusted.has(client)) {
      const address = addressOf(hops.pop()!.trim());
      if (address === undefined) break;
      client = address;
    }
    return client;
  }
}

/** Some proxies write the port, too: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function addressOf(hop: string): string | undefined {
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop;
  return canonicalAddress(bare);
}
