/** Reads the options of one command from flags, environment and file, in this order of precedence. */

import type { Environment } from './environment.js';
import type { Mistakes } from './mistakes.js';
import type { Command, OptionSpec } from './option.js';
import { OPTION_ROWS, type OptionKey, type OptionValues } from './options.js';
import { maskUrl } from './source-url.js';

export interface OptionInput {
  readonly command: Command;
  readonly flags: ReadonlyMap<OptionKey, string>;
  readonly env: Environment;
}

export class OptionReader {
  readonly #input: OptionInput;
  readonly #mistakes: Mistakes;
  readonly #unsound = new Set<OptionKey>();

  constructor(input: OptionInput, mistakes: Mistakes) {
    this.#input = input;
    this.#mistakes = mistakes;
  }

  /** False when a value was given that is not allowed: what would follow from it is not reported. */
  isSound(...keys: readonly OptionKey[]): boolean {
    return keys.every((key) => !this.#unsound.has(key));
  }

  /** From flag or environment alone. Checks all flags and variables, so their mistakes come first. */
  pathOfFile(): string | null {
    return this.read(new Map()).configFile;
  }

  /** Every given value is checked, also one that a stronger place overrides. */
  read(file: ReadonlyMap<OptionKey, unknown>): OptionValues {
    const values: Partial<Record<OptionKey, unknown>> = {};
    for (const [key, spec] of OPTION_ROWS) {
      const used = spec.commands.includes(this.#input.command);
      const places = [
        this.#check(key, `--${spec.name}`, this.#input.flags.get(key), spec),
        this.#check(key, spec.env, used ? this.#input.env[spec.env] : undefined, spec),
        this.#check(key, spec.fileKey ?? key, file.get(key), spec),
      ];
      const value = places.find((candidate) => candidate !== undefined);
      values[key] = value ?? spec.fallback();
    }
    return values as OptionValues;
  }

  #check(key: OptionKey, where: string, raw: unknown, spec: OptionSpec<unknown>): unknown {
    if (raw === undefined) return undefined;
    const result = spec.kind.schema.safeParse(raw);
    if (result.success) return result.data;
    this.#unsound.add(key);
    const shown = key === 'upstreamUrls' ? maskUrl(raw) : raw;
    for (const issue of result.error.issues) this.#mistakes.value(where, shown, issue.message);
    return undefined;
  }
}
