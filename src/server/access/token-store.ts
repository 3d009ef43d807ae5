/** The tokens that are valid now, found by the hash of what a client shows. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { TokenRecord } from '../../model/access.js';

interface Kept {
  readonly record: TokenRecord;
  readonly digest: Buffer;
}

export class TokenStore {
  #byDigest: ReadonlyMap<string, Kept> = new Map();

  constructor(records: readonly TokenRecord[]) {
    this.replace(records);
  }

  get size(): number {
    return this.#byDigest.size;
  }

  /** From now on these alone are valid. */
  replace(records: readonly TokenRecord[]): void {
    this.#byDigest = new Map(
      records.map((record) => [record.sha256, { record, digest: Buffer.from(record.sha256, 'hex') }]),
    );
  }

  /** Whose secret it is, expired or not; null when nobody's. */
  find(secret: string): TokenRecord | null {
    const digest = createHash('sha256').update(secret, 'latin1').digest();
    const kept = this.#byDigest.get(digest.toString('hex'));
    // A map compares until something differs; this takes as long whatever differs.
    return kept !== undefined && timingSafeEqual(kept.digest, digest) ? kept.record : null;
  }

  /** The same token as it is now; null when it was taken back. */
  renewed({ sha256 }: TokenRecord): TokenRecord | null {
    return this.#byDigest.get(sha256)?.record ?? null;
  }
}

export function isExpired({ expiresMs }: TokenRecord, nowMs: number): boolean {
  return expiresMs !== null && nowMs >= expiresMs;
}
