/** Matches keys against many prefixes at the cost of a binary search. */

/** True when the key source[start, start + length) begins with one of the prefixes. */
export type KeyMatcher = (source: Uint8Array, start: number, length: number) => boolean;

/** Sorted by bytes, and none begins with another: those are covered by the shorter one. */
function minimal(prefixes: readonly string[]): Uint8Array[] {
  const sorted = prefixes.map((prefix) => Buffer.from(prefix, 'utf8')).sort((a, b) => Buffer.compare(a, b));
  const kept: Uint8Array[] = [];
  for (const one of sorted) {
    const last = kept.at(-1);
    if (last && one.length >= last.length && last.every((byte, i) => one[i] === byte)) continue;
    kept.push(one);
  }
  return kept;
}

/** Negative when the key stands before every key that begins with `prefix`, 0 when it begins so. */
function compare(source: Uint8Array, start: number, length: number, prefix: Uint8Array): number {
  const common = Math.min(length, prefix.length);
  for (let i = 0; i < common; i++) {
    const difference = source[start + i]! - prefix[i]!;
    if (difference !== 0) return difference;
  }
  return length < prefix.length ? -1 : 0;
}

const compiled = new WeakMap<readonly string[], KeyMatcher>();

/** The matcher of a selector's prefixes; made once per array. */
export function prefixMatcher(prefixes: readonly string[]): KeyMatcher {
  const known = compiled.get(prefixes);
  if (known) return known;
  const sorted = minimal(prefixes);
  const matches: KeyMatcher = (source, start, length) => {
    let low = 0;
    let high = sorted.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = compare(source, start, length, sorted[middle]!);
      if (order === 0) return true;
      if (order < 0) high = middle - 1;
      else low = middle + 1;
    }
    return false;
  };
  compiled.set(prefixes, matches);
  return matches;
}
