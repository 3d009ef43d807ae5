/** Who may ask for what, how often, and over what: the terms that configuration and server share. */

export const SCOPES = ['metrics:read', 'stream:read', 'stats:read', 'ingest', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** `important` clients are shed last. */
export const CLIENT_CLASSES = ['normal', 'important'] as const;
export type ClientClass = (typeof CLIENT_CLASSES)[number];

/** So many requests in so long, of which `burst` may come at once. */
export interface Rate {
  readonly count: number;
  readonly windowMs: number;
  readonly burst: number;
}

/** A token as it is kept: never its secret. */
export interface TokenRecord {
  readonly id: string;
  /** SHA-256 of the secret, 64 lower-case hex digits. */
  readonly sha256: string;
  readonly scopes: readonly Scope[];
  /** Epoch ms from which on it is refused; null = never. */
  readonly expiresMs: number | null;
  readonly clientClass: ClientClass;
  /** null: RATE_LIMIT. */
  readonly rate: Rate | null;
}

export function isImportant(client: TokenRecord | null): boolean {
  return client !== null && client.clientClass === 'important';
}

/** Certificate and key of the listener, by their files: the library reads them itself. */
export interface ListenerTls {
  readonly certFile: string;
  readonly keyFile: string;
  readonly minVersion: '1.2' | '1.3';
  /** Of the contents of both: equal ones need no new handshakes. */
  readonly fingerprint: string;
}

const RATE = /^([1-9][0-9]{0,8})\/(s|m|h)(?::([1-9][0-9]{0,8}))?$/;
const WINDOW_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** Reads `100/s`, `600/m` and `100/s:500` (a burst of 500); undefined for other texts. */
export function parseRate(text: string): Rate | undefined {
  const match = RATE.exec(text);
  if (!match) return undefined;
  const count = Number(match[1]);
  return { count, windowMs: WINDOW_MS[match[2]!]!, burst: match[3] === undefined ? count : Number(match[3]) };
}

export function formatRate({ count, windowMs, burst }: Rate): string {
  const unit = Object.keys(WINDOW_MS).find((name) => WINDOW_MS[name] === windowMs) ?? 's';
  return `${count}/${unit}${burst === count ? '' : `:${burst}`}`;
}
