/** Entity tags of a snapshot: weak, since bodies of one snapshot differ in their age. */

export function etagOf(snapshotId: string): string {
  return `W/"${snapshotId}"`;
}

const TAG = /(?:W\/)?(?:"([^"]*)"|([^\s,"]+))/g;

/**
 * True when an If-None-Match header names the snapshot: quoted, unquoted, weak, in a list, or `*`.
 * Compared weakly, as the header demands.
 */
export function matchesEtag(header: string, snapshotId: string): boolean {
  if (header === '') return false;
  if (header.trim() === '*') return true;
  for (const [, quoted, bare] of header.matchAll(TAG)) {
    if ((quoted ?? bare) === snapshotId) return true;
  }
  return false;
}
