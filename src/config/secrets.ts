/** `${NAME}` in header values: resolved from the environment, never shown. */

import { isSecretName } from '../model/redact.js';
import type { Environment } from './environment.js';
import type { Mistakes } from './mistakes.js';
import { isHeaderValue } from './source-maps.js';

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** Fills references from `env`; what is wrong goes to `mistakes`, what was resolved to `secrets`. */
export class SecretResolver {
  readonly #env: Environment;
  readonly #mistakes: Mistakes;
  readonly #secrets = new Set<string>();

  constructor(env: Environment, mistakes: Mistakes) {
    this.#env = env;
    this.#mistakes = mistakes;
  }

  /** Every value the logger must blank out. */
  get secrets(): readonly string[] {
    return [...this.#secrets];
  }

  /** Keeps a private key out of logs, whole and line by line. */
  hide(pem: string): void {
    this.#secrets.add(pem);
    for (const line of pem.split(/\r?\n/))
      if (line.length > 0 && !line.startsWith('-')) this.#secrets.add(line);
  }

  /** `where` is the path of the header mapping, such as `sources[0].headers`. */
  headers(where: string, headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    return Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, this.#value(`${where}.${name}`, name, value)]),
    );
  }

  #value(where: string, name: string, template: string): string {
    if (template.replace(REFERENCE, '').includes('${')) {
      this.#mistakes.add(
        where,
        `holds a \${ that is no reference, allowed: \${NAME} of an environment variable`,
      );
      return template;
    }
    const value = template.replace(REFERENCE, (_, variable: string) => this.#resolve(where, variable));
    // Credentials written into the file without a reference are secrets all the same.
    if (isSecretName(name)) {
      this.#secrets.add(value);
      this.#secrets.add(value.replace(/^\S+\s+/, ''));
    }
    return value;
  }

  #resolve(where: string, variable: string): string {
    const value = this.#env[variable];
    if (value === undefined || value === '') {
      this.#mistakes.add(where, `names \${${variable}}, which is not set in the environment`);
      return '';
    }
    this.#secrets.add(value);
    if (!isHeaderValue(value)) {
      this.#mistakes.add(
        where,
        `\${${variable}} holds a line break or another character that no header may carry`,
      );
    }
    return value;
  }
}
