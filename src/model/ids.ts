/** Names of snapshots: boot nonce + '-' + fabric version, such as `k3f9-42`. */

/** One boot of the daemon: tells its snapshot ids from those of every other boot. */
export type BootNonce = string;

const SNAPSHOT_ID = /^([a-z0-9]{4,16})-(0|[1-9][0-9]{0,15})$/;

/** A fresh nonce of 8 base-36 characters. `random` is uniform in [0, 1). */
export function makeBootNonce(random: () => number): BootNonce {
  let nonce = '';
  while (nonce.length < 8) nonce += Math.floor(random() * 36).toString(36);
  return nonce;
}

export function formatSnapshotId(boot: BootNonce, fabricVersion: number): string {
  return `${boot}-${fabricVersion}`;
}

export interface SnapshotName {
  readonly boot: BootNonce;
  readonly fabricVersion: number;
}

/** The parts of a snapshot id, or undefined when the text is not one. */
export function parseSnapshotId(text: string): SnapshotName | undefined {
  const match = SNAPSHOT_ID.exec(text);
  if (!match) return undefined;
  return { boot: match[1]!, fabricVersion: Number(match[2]) };
}

/** What a request id may look like; anything else is replaced (no header injection). */
export const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;
