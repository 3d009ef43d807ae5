/** `tls:` of a source: PEM files, read and looked at when the configuration is loaded. */

import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { TlsSettings } from '../model/tls.js';
import type { Mistakes } from './mistakes.js';
import type { SecretResolver } from './secrets.js';
import { flag, text, type ValueKind } from './value-kinds.js';

const PATH_LENGTH_MAX = 4096;
const PEM_LENGTH_MAX = 1024 * 1024;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

const file = text(PATH_LENGTH_MAX, 'the path of a PEM file');
const TLS_KINDS = {
  ca: file,
  cert: file,
  key: file,
  servername: text(253, 'a host name'),
  insecure: flag(),
} as const;
export const TLS_KEYS: readonly string[] = Object.keys(TLS_KINDS);

/** As it stands in the file: paths, not contents. */
export interface TlsEntry {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly insecure?: boolean;
}

export function tlsMap(): ValueKind<TlsEntry> {
  const allowed = `a mapping of ${TLS_KEYS.join(', ')}; ca, cert and key are paths of PEM files`;
  const shape = Object.entries(TLS_KINDS).map(([name, { schema }]) => [
    name,
    (schema as z.ZodType<unknown>).optional(),
  ]);
  const schema = z.strictObject(Object.fromEntries(shape) as Record<string, z.ZodType<unknown>>, {
    error: (issue) => (issue.code === 'invalid_type' ? allowed : undefined),
  }) as unknown as z.ZodType<TlsEntry>;
  return { allowed, placeholder: 'mapping', schema, format: (entry) => Object.keys(entry).join(', ') };
}

/** Reads what `tls:` names. Messages never quote a path or a file: either may be a key pasted there. */
export class TlsReader {
  readonly #readFile: (path: string) => string;
  readonly #resolver: SecretResolver;
  readonly #mistakes: Mistakes;

  constructor(readFile: (path: string) => string, resolver: SecretResolver, mistakes: Mistakes) {
    this.#readFile = readFile;
    this.#resolver = resolver;
    this.#mistakes = mistakes;
  }

  /** `where`: such as `sources[0].tls`, which mistakes name with the key. */
  read(where: string, entry: TlsEntry): TlsSettings {
    const [ca, cert, keyText] = (['ca', 'cert', 'key'] as const).map((name) =>
      this.#text(`${where}.${name}`, entry[name]),
    ) as [string | null, string | null, string | null];
    if (keyText !== null) this.#resolver.hide(keyText);
    this.#certificates(`${where}.ca`, ca);
    const own = this.#certificates(`${where}.cert`, cert)[0];
    const key = this.#privateKey(`${where}.key`, keyText);
    this.#checkPair(where, entry);
    if (own && key && !own.checkPrivateKey(key)) {
      this.#mistakes.add(`${where}.key`, 'is not the key of the certificate in cert');
    }
    const { servername = null, insecure = false } = entry;
    return { ca, cert, key: keyText, servername, insecure };
  }

  #checkPair(where: string, { cert, key }: TlsEntry): void {
    if (cert !== undefined && key === undefined) this.#mistakes.add(`${where}.key`, 'is missing beside cert');
    if (key !== undefined && cert === undefined) this.#mistakes.add(`${where}.cert`, 'is missing beside key');
  }

  #text(where: string, path: string | undefined): string | null {
    if (path === undefined) return null;
    try {
      const pem = this.#readFile(path);
      if (pem.length <= PEM_LENGTH_MAX) return pem;
      this.#mistakes.add(where, `cannot read the file: longer than ${PEM_LENGTH_MAX} characters`);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
      this.#mistakes.add(where, `cannot read the file: ${code}`);
    }
    return null;
  }

  #certificates(where: string, pem: string | null): X509Certificate[] {
    if (pem === null) return [];
    const blocks = pem.match(CERTIFICATE) ?? [];
    if (blocks.length === 0) this.#mistakes.add(where, 'holds no certificate, allowed: PEM certificates');
    try {
      return blocks.map((block) => new X509Certificate(block));
    } catch {
      this.#mistakes.add(where, 'holds a certificate that cannot be read, allowed: PEM certificates');
      return [];
    }
  }

  #privateKey(where: string, pem: string | null): KeyObject | null {
    if (pem === null) return null;
    try {
      return createPrivateKey(pem);
    } catch (error) {
      const isLocked =
        pem.includes('ENCRYPTED') || (error as NodeJS.ErrnoException).code === 'ERR_MISSING_PASSPHRASE';
      const why = isLocked ? 'is locked by a passphrase' : 'holds no private key that can be read';
      this.#mistakes.add(where, `${why}, allowed: a PEM private key without a passphrase`);
      return null;
    }
  }
}
