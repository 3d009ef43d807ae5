/** Which addresses a configured source may be fetched from. */
import { canonicalAddress, NetworkSet } from './networks.js';

export const SOURCE_NETWORKS = ['private', 'public', 'any'] as const;

export interface SourceAddressRules {
  /**
   * `private`: loopback, private and public addresses. `public`: public ones alone. `any`: all. The
   * first two never take an address that no telemetry endpoint has.
   */
  readonly networks: (typeof SOURCE_NETWORKS)[number];
  /** Addresses and networks that are allowed all the same. */
  readonly allow: readonly string[];
}

/** Link-local (the metadata of clouds is there), multicast, reserved, and ways to write IPv4 as IPv6. */
const NEVER = new NetworkSet([
  ...['0.0.0.0/8', '169.254.0.0/16', '192.0.0.0/24', '192.88.99.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  // Metadata that is not link-local: Alibaba, Azure, AWS and Google over IPv6.
  ...['100.100.100.200', '168.63.129.16', 'fd00:ec2::254', 'fd20:ce::254'],
  ...['::', 'fe80::/10', 'fec0::/10', 'ff00::/8', '100::/64'],
  ...['64:ff9b::/96', '64:ff9b:1::/48', '2001::/32', '2002::/16'],
]);

const PRIVATE = new NetworkSet([
  ...['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '198.18.0.0/15'],
  ...['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'],
  ...['::1', 'fc00::/7', '2001:db8::/32'],
]);

export class SourceAddresses {
  readonly #rules: SourceAddressRules;
  readonly #allowed: NetworkSet;

  constructor(rules: SourceAddressRules) {
    this.#rules = rules;
    this.#allowed = new NetworkSet(rules.allow);
  }

  /** Why nothing may be fetched from `address`, or undefined when it may. Names the knobs. */
  problem(address: string): string | undefined {
    const { networks } = this.#rules;
    if (networks === 'any' || this.#allowed.has(address)) return undefined;
    const kind = kindOf(address);
    if (kind === 'public' || (kind === 'private' && networks === 'private')) return undefined;
    const what = kind === 'private' ? 'a private or loopback address' : NEVER_TEXT;
    return `${address} is ${what} (SOURCE_NETWORKS=${networks}; SOURCE_ALLOW lists exceptions)`;
  }
}

const NEVER_TEXT = 'a link-local, metadata, multicast or reserved address';

function kindOf(address: string): 'public' | 'private' | 'never' {
  if (canonicalAddress(address) === undefined || NEVER.has(address)) return 'never';
  return PRIVATE.has(address) ? 'private' : 'public';
}
