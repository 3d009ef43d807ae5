/** How an upstream's certificate is checked, and what it is shown of ours. Texts are PEM. */
export interface TlsSettings {
  /** Trusted instead of the CAs that node knows; null: those. */
  readonly ca: string | null;
  /** Our certificate, with its chain, and its private key; both or neither. */
  readonly cert: string | null;
  /** A secret: never logged. */
  readonly key: string | null;
  /** The name that the upstream's certificate must have, also sent as SNI; null: the URL's host. */
  readonly servername: string | null;
  /** Whatever certificate it shows is taken. */
  readonly insecure: boolean;
}
