/** Where sources may point: schemes, ports and addresses. Names are looked at when they are resolved. */
import { isIP } from 'node:net';
import { SourceAddresses, type SourceAddressRules } from '../model/source-addresses.js';
import type { SourceConfig } from './config.js';
import type { Mistakes } from './mistakes.js';
import type { OptionValues } from './options.js';
import { readPorts } from './source-guard-options.js';

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** The sources with the addresses that they may have. What they may not have goes to `mistakes`. */
export function guardSources(
  sources: readonly SourceConfig[],
  values: OptionValues,
  mistakes: Mistakes,
): readonly SourceConfig[] {
  const rules: SourceAddressRules = { networks: values.sourceNetworks, allow: values.sourceAllow };
  const addresses = new SourceAddresses(rules);
  return sources.map((source) => {
    // What is no URL has been said to be none.
    if (source.push || !URL.canParse(source.url)) return source;
    const url = new URL(source.url);
    const where = `source ${source.id}`;
    const scheme = source.socketPath === undefined ? url.protocol.slice(0, -1) : 'unix';
    if (!(values.sourceSchemes as readonly string[]).includes(scheme)) {
      mistakes.add(
        where,
        `${scheme} is not allowed, allowed: ${values.sourceSchemes.join(', ')} (SOURCE_SCHEMES)`,
      );
    }
    if (scheme === 'file' || scheme === 'unix') return source;
    const port = url.port === '' ? DEFAULT_PORTS[url.protocol]! : Number(url.port);
    if (!isPortAllowed(port, values.sourcePorts)) {
      const allowed = `${values.sourcePorts.join(', ')} (SOURCE_PORTS)`;
      mistakes.add(where, `port ${port} is not allowed, allowed: ${allowed}`);
    }
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const problem = isIP(host) === 0 ? undefined : addresses.problem(host);
    if (problem !== undefined) mistakes.add(where, `cannot be fetched from there: ${problem}`);
    return { ...source, addresses: rules };
  });
}

function isPortAllowed(port: number, ranges: readonly string[]): boolean {
  if (ranges.length === 0) return true;
  return ranges.map(readPorts).some(([from, to]) => port >= from && port <= to);
}
