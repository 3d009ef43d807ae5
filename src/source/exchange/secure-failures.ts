/** What fails on the way to an upstream by TLS or by a unix socket, in words that name the knob. */

const UNKNOWN_CA = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
]);
/** Certificates are refused for these, too. */
const OTHER_CERTIFICATE = /^(?:CERT_|UNABLE_TO_|CRL_|ERROR_IN_CERT_|INVALID_(?:CA|PURPOSE))/;
const REFUSED_CLIENT =
  /^ERR_SSL_.*ALERT_(?:UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_\w+|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED|DECRYPT_ERROR|NO_CERTIFICATE)/;
const NO_TLS = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_HTTP_REQUEST',
]);

/** A system or TLS error as node makes it. */
export interface SystemFailure {
  readonly code: string;
  readonly message: string;
  /** The path of a unix socket, '' for other addresses. */
  readonly socketPath: string;
}

/** The sentence for a failure that this file knows, else undefined. */
export function explain({ code, message, socketPath }: SystemFailure): string | undefined {
  if (socketPath !== '') return explainSocket(code, socketPath);
  if (UNKNOWN_CA.has(code)) {
    return `the server's certificate is of an unknown CA (${code}); name that CA with tls.ca`;
  }
  if (code === 'CERT_HAS_EXPIRED') return "the server's certificate has expired";
  if (code === 'CERT_NOT_YET_VALID') return "the server's certificate is not valid yet";
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const reason = message.replace(/^Hostname\/IP does not match certificate's altnames: /, '');
    return `the server's certificate is for another host name (${reason}); tls.servername says which to expect`;
  }
  if (OTHER_CERTIFICATE.test(code)) return `the server's certificate is refused (${code})`;
  if (code.endsWith('ALERT_CERTIFICATE_REQUIRED')) {
    return 'the server wants a client certificate; name it with tls.cert and tls.key';
  }
  if (REFUSED_CLIENT.test(code)) return `the server refused the client certificate (${code})`;
  if (code.endsWith('ALERT_HANDSHAKE_FAILURE')) {
    return `the TLS handshake failed (${code}); the server may want a client certificate (tls.cert, tls.key)`;
  }
  return NO_TLS.has(code) ? 'the server does not speak TLS there: is it http:// instead?' : undefined;
}

function explainSocket(code: string, socketPath: string): string | undefined {
  const socket = `the unix socket ${socketPath}`;
  if (code === 'ENOENT') return `${socket} does not exist`;
  if (code === 'ECONNREFUSED') return `nobody listens on ${socket}`;
  if (code === 'EACCES' || code === 'EPERM') return `${socket} may not be used by this user (${code})`;
  return code === 'ENOTSOCK' ? `${socket} is no socket` : undefined;
}
