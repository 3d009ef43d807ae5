/** IP addresses and networks: reading them, and telling which network an address is in. */
import { BlockList, isIP } from 'node:net';

/** `::ffff:192.0.2.1` means 192.0.2.1. */
const MAPPED_HEAD = [0, 0, 0, 0, 0, 0xffff] as const;

/** The eight groups of an IPv6 address in any spelling, without its zone; undefined for other texts. */
function groupsOf(text: string): number[] | undefined {
  const address = text.replace(/%.*$/s, '');
  if (isIP(address) !== 6) return undefined;
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const hex = dotted
    ? `${dotted[1]}${pair(Number(dotted[2]), Number(dotted[3]))}:${pair(Number(dotted[4]), Number(dotted[5]))}`
    : address;
  const [head = '', tail] = hex.split('::');
  const front = parts(head);
  const back = tail === undefined ? [] : parts(tail);
  const gap = new Array<number>(8 - front.length - back.length).fill(0);
  return [...front, ...gap, ...back];
}

function pair(high: number, low: number): string {
  return ((high << 8) | low).toString(16);
}

function parts(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

/** True for `::ffff:a.b.c.d` in any spelling. */
export function isMappedIpv4(text: string): boolean {
  const groups = groupsOf(text);
  return groups !== undefined && MAPPED_HEAD.every((group, i) => groups[i] === group);
}

/**
 * An address in one spelling: IPv4 as four decimal numbers, also where it came as IPv6; IPv6 as eight
 * groups without leading zeros and without a zone. Undefined for what is no address.
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIP(text) === 4) return text;
  const groups = groupsOf(text);
  if (groups === undefined) return undefined;
  if (MAPPED_HEAD.every((group, i) => groups[i] === group)) {
    const [high, low] = [groups[6]!, groups[7]!];
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  return groups.map((group) => group.toString(16)).join(':');
}

/** Whom a limit counts as one: an IPv4 address, or the /64 that one IPv6 host has for itself. */
export function clientKey(text: string): string {
  const address = canonicalAddress(text);
  if (address === undefined) return 'unknown';
  return address.includes(':') ? `${address.split(':').slice(0, 4).join(':')}::/64` : address;
}

/** True for `192.0.2.1`, `192.0.2.0/24`, `::1` and `fd00::/8`. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  if (bits === undefined) return true;
  return /^(0|[1-9][0-9]{0,2})$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
}

/** Addresses and networks, of both families. */
export class NetworkSet {
  readonly #list = new BlockList();
  readonly isEmpty: boolean;

  /** Each of them as isNetwork takes it. */
  constructor(networks: readonly string[]) {
    this.isEmpty = networks.length === 0;
    for (const network of networks) {
      const [address = '', bits] = network.split('/');
      const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
      if (bits === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(bits), family);
    }
  }

  /** False for what is no address. */
  has(text: string): boolean {
    const address = canonicalAddress(text);
    if (address === undefined) return false;
    return this.#list.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
  }
}
