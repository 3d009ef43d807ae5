/** The options table: every option of every command, by its key in Config. */

import { HISTORY_OPTIONS } from './history-options.js';
import type { OptionSpec } from './option.js';
import { RECORDING_OPTIONS } from './recording-options.js';
import { SECURITY_OPTIONS } from './security-options.js';
import { SERVE_OPTIONS } from './serve-options.js';
import { SIMULATOR_OPTIONS } from './simulator-options.js';
import { SOURCE_GUARD_OPTIONS } from './source-guard-options.js';
import { TOKEN_OPTIONS } from './token-options.js';

export const OPTIONS = {
  ...SERVE_OPTIONS,
  ...SECURITY_OPTIONS,
  ...SOURCE_GUARD_OPTIONS,
  ...HISTORY_OPTIONS,
  ...SIMULATOR_OPTIONS,
  ...RECORDING_OPTIONS,
  ...TOKEN_OPTIONS,
} as const;

export type OptionKey = keyof typeof OPTIONS;

/** The type each option has once it is read. */
export type OptionValues = {
  readonly [K in OptionKey]: (typeof OPTIONS)[K] extends OptionSpec<infer T> ? T : never;
};

/** The rows in order, for those who need no types. */
export const OPTION_ROWS: readonly (readonly [OptionKey, OptionSpec<unknown>])[] = Object.entries(
  OPTIONS,
).map(([key, spec]) => [key as OptionKey, spec as unknown as OptionSpec<unknown>]);
