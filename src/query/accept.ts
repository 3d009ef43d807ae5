/** What an Accept header asks for by name. */

export type ListFormat = 'json' | 'csv' | 'ndjson';

const FORMATS: ReadonlyMap<string, ListFormat> = new Map([
  ['application/json', 'json'],
  ['text/csv', 'csv'],
  ['application/x-ndjson', 'ndjson'],
]);

const QUALITY = /;\s*q\s*=\s*([01](?:\.\d{0,3})?)/i;

/**
 * The format of the best media type that is named exactly; wildcards name nothing. Undefined when
 * there is none: then the request's spelling decides.
 */
export function preferredFormat(accept: string): ListFormat | undefined {
  let best: ListFormat | undefined;
  let bestQuality = 0;
  for (const range of accept.split(',')) {
    const semicolon = range.indexOf(';');
    const type = (semicolon < 0 ? range : range.slice(0, semicolon)).trim().toLowerCase();
    const format = FORMATS.get(type);
    const quality = Number(QUALITY.exec(range)?.[1] ?? 1);
    if (format && quality > bestQuality) {
      best = format;
      bestQuality = quality;
    }
  }
  return best;
}

/** True when the client takes gzip: named, or by `*`, and not with q=0. */
export function acceptsGzip(acceptEncoding: string): boolean {
  let wildcard = false;
  for (const range of acceptEncoding.split(',')) {
    const semicolon = range.indexOf(';');
    const coding = (semicolon < 0 ? range : range.slice(0, semicolon)).trim().toLowerCase();
    const taken = Number(QUALITY.exec(range)?.[1] ?? 1) > 0;
    if (coding === 'gzip' || coding === 'x-gzip') return taken;
    if (coding === '*') wildcard = taken;
  }
  return wildcard;
}
