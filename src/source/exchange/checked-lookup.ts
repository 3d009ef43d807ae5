/** Resolving a host so that the address which was checked is the one that is connected to. */
import { lookup as lookupName, type LookupAddress, type LookupAllOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { SourceAddresses, type SourceAddressRules } from '../../model/source-addresses.js';

/** No connection is made: the message names the address and the knobs. */
export class AddressRefused extends Error {
  constructor(problem: string) {
    super(`no connection is made: ${problem}`);
    this.name = 'AddressRefused';
  }
}

/** Throws AddressRefused for an address (not a name) that no source may have. */
export function checkAddress(address: string, rules: SourceAddressRules): void {
  const problem = new SourceAddresses(rules).problem(address);
  if (problem !== undefined) throw new AddressRefused(problem);
}

/**
 * Resolves a name once for one connection. A name with a single address that is refused is refused
 * whole: whoever mixes such answers in means to be connected to them sooner or later.
 */
export function checkedLookup(rules: SourceAddressRules): LookupFunction {
  const addresses = new SourceAddresses(rules);
  return (hostname, options, callback) => {
    const wanted: LookupAllOptions = { ...options, all: true };
    lookupName(hostname, wanted, (error, found) => {
      if (error) return callback(error, []);
      const problem = firstProblem(found, addresses);
      if (problem !== undefined)
        return callback(new AddressRefused(`${hostname} resolves to ${problem}`), []);
      const [first] = found;
      if (options.all === true || first === undefined) callback(null, found);
      else callback(null, first.address, first.family);
    });
  };
}

function firstProblem(found: readonly LookupAddress[], addresses: SourceAddresses): string | undefined {
  for (const { address } of found) {
    const problem = addresses.problem(address);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
