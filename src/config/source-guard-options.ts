/** Options of what weft itself may connect to. */
import { z } from 'zod';
import { isNetwork } from '../model/networks.js';
import { SOURCE_NETWORKS } from '../model/source-addresses.js';
import { POLL, derived, option } from './option.js';
import { choice, columnList, type ValueKind } from './value-kinds.js';

const ITEMS_MAX = 256;
export const SOURCE_SCHEMES = ['http', 'https', 'file', 'unix'] as const;
export type SourceScheme = (typeof SOURCE_SCHEMES)[number];

export const SOURCE_GUARD_OPTIONS = {
  sourceNetworks: option('source-networks', 'private', {
    kind: choice(...SOURCE_NETWORKS),
    help:
      'Addresses that sources may have: private (loopback, private and public ones), public (no others), any. ' +
      'Only any takes link-local, metadata, multicast and reserved addresses.',
    commands: POLL,
  }),
  sourceAllow: derived<readonly string[]>('source-allow', () => [], 'none', {
    kind: columnList(ITEMS_MAX, network()),
    help: 'Addresses and networks that sources may have besides SOURCE_NETWORKS.',
    commands: POLL,
  }),
  sourcePorts: derived<readonly string[]>('source-ports', () => [], 'any', {
    kind: columnList(ITEMS_MAX, ports()),
    help: 'Ports that sources may have: numbers and ranges such as 9000-9100.',
    commands: POLL,
  }),
  sourceSchemes: derived<readonly SourceScheme[]>('source-schemes', () => SOURCE_SCHEMES, 'all of them', {
    kind: columnList(SOURCE_SCHEMES.length, choice(...SOURCE_SCHEMES)) as ValueKind<readonly SourceScheme[]>,
    help: `Kinds of sources that are allowed: ${SOURCE_SCHEMES.join(', ')}.`,
    commands: POLL,
  }),
} as const;

/** An address, or a network in CIDR form. */
export function network(): ValueKind<string> {
  const allowed = 'an IP address or a network such as 10.0.0.0/8 or fd00::/8';
  const schema = z.string({ error: allowed }).refine(isNetwork, { error: allowed });
  return { allowed, placeholder: 'network', schema, format: String };
}

const PORT_RANGE = /^([1-9][0-9]{0,4})(?:-([1-9][0-9]{0,4}))?$/;

function ports(): ValueKind<string> {
  const allowed = 'a port or a range such as 9000-9100';
  const isRange = (given: string): boolean => {
    const [from, to] = readPorts(given);
    return from <= to && to <= 65_535;
  };
  const schema = z
    .union([z.string(), z.number().transform(String)], { error: allowed })
    .refine(isRange, { error: allowed });
  return { allowed, placeholder: 'port', schema, format: String };
}

/** First and last port of a range; nothing is between them when it is none. */
export function readPorts(range: string): readonly [number, number] {
  const match = PORT_RANGE.exec(range);
  if (!match) return [1, 0];
  return [Number(match[1]), Number(match[2] ?? match[1])];
}
