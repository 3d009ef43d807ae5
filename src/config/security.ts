/** What the options of security say together: who may connect, with which token and certificate. */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import type { ListenerTls, TokenRecord } from '../model/access.js';
import { canonicalAddress } from '../model/networks.js';
import type { Mistakes } from './mistakes.js';
import { SERVE, type Command } from './option.js';
import type { OptionValues } from './options.js';
import type { SecretResolver } from './secrets.js';
import { readTokensFile } from './tokens-file.js';

const PEM_LENGTH_MAX = 1024 * 1024;

export interface Security {
  /** null: nobody is asked for one. */
  readonly tokens: readonly TokenRecord[] | null;
  readonly listenerTls: ListenerTls | null;
}

export interface SecurityInput {
  readonly command: Command | undefined;
  readonly values: OptionValues;
  readonly readFile: (path: string) => string;
}

/** Reads the files that the options name. What is wrong goes to `mistakes`. */
export function readSecurity(input: SecurityInput, resolver: SecretResolver, mistakes: Mistakes): Security {
  const { command, values, readFile } = input;
  const serves = command === undefined || SERVE.includes(command);
  if (serves) checkBind(values, mistakes);
  const { tokensFile } = values;
  return {
    tokens: serves && tokensFile !== null ? readTokensFile(tokensFile, readFile, mistakes) : null,
    listenerTls: serves ? readListenerTls(values, readFile, resolver, mistakes) : null,
  };
}

/** Only this host reaches it. Other names are asked of nobody: they may mean anything tomorrow. */
function isLoopback(host: string): boolean {
  const address = canonicalAddress(host);
  return host.toLowerCase() === 'localhost' || address === '0:0:0:0:0:0:0:1' || /^127\./.test(address ?? '');
}

function checkBind({ serverHost, tokensFile, insecure }: OptionValues, mistakes: Mistakes): void {
  if (tokensFile !== null || insecure || isLoopback(serverHost)) return;
  const allowed = 'a loopback address; with TOKENS_FILE, or INSECURE=true (--insecure), any';
  mistakes.add('METRICS_SERVER_HOST', `${serverHost} is open to other hosts, allowed: ${allowed}`);
}

function readListenerTls(
  { tlsCert, tlsKey, tlsMinVersion }: OptionValues,
  readFile: (path: string) => string,
  resolver: SecretResolver,
  mistakes: Mistakes,
): ListenerTls | null {
  if (tlsCert === null && tlsKey === null) {
    if (tlsMinVersion !== '1.2') mistakes.add('TLS_MIN_VERSION', 'is of use with TLS_CERT and TLS_KEY only');
    return null;
  }
  if (tlsCert === null || tlsKey === null) {
    const [given, missing] = tlsCert === null ? ['TLS_KEY', 'TLS_CERT'] : ['TLS_CERT', 'TLS_KEY'];
    mistakes.add(missing, `is missing beside ${given}`);
    return null;
  }
  const certPem = readPem('TLS_CERT', tlsCert, readFile, mistakes);
  const keyPem = readPem('TLS_KEY', tlsKey, readFile, mistakes);
  if (keyPem !== null) resolver.hide(keyPem);
  const cert = certPem === null ? null : parsed('TLS_CERT', () => new X509Certificate(certPem), mistakes);
  const key = keyPem === null ? null : parsed('TLS_KEY', () => createPrivateKey(keyPem), mistakes);
  if (cert && key && !cert.checkPrivateKey(key)) {
    mistakes.add('TLS_KEY', 'is not the key of the certificate in TLS_CERT');
  }
  const fingerprint = createHash('sha256').update(`${tlsMinVersion}\n${certPem}\n${keyPem}`).digest('hex');
  return { certFile: tlsCert, keyFile: tlsKey, minVersion: tlsMinVersion, fingerprint };
}

/** Messages never quote the path: it may be a key that was pasted there. */
function readPem(
  where: string,
  path: string,
  readFile: (path: string) => string,
  mistakes: Mistakes,
): string | null {
  try {
    const pem = readFile(path);
    if (pem.length <= PEM_LENGTH_MAX) return pem;
    mistakes.add(where, `cannot read the file: longer than ${PEM_LENGTH_MAX} characters`);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    mistakes.add(where, `cannot read the file: ${code}`);
  }
  return null;
}

function parsed<T>(where: string, read: () => T, mistakes: Mistakes): T | null {
  try {
    return read();
  } catch {
    const what = where === 'TLS_CERT' ? 'a PEM certificate' : 'a PEM private key without a passphrase';
    mistakes.add(where, `holds nothing that can be used, allowed: ${what}`);
    return null;
  }
}
