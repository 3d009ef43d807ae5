/** One row of the options table, from which names, defaults, help, validation and docs are drawn. */

import type { ValueKind } from './value-kinds.js';

export const COMMANDS = ['serve', 'simulate', 'demo', 'record', 'replay', 'load', 'token'] as const;
export type Command = (typeof COMMANDS)[number];

/** What the daemon, the simulator, or both read. `demo` runs both and so reads all. */
export const SERVE: readonly Command[] = ['serve', 'demo', 'load'];
export const SIMULATE: readonly Command[] = ['simulate', 'demo'];
/** What is read by whoever fetches bodies, and by whoever does so from upstreams. */
export const FETCH: readonly Command[] = ['serve', 'demo', 'load', 'record'];
export const POLL: readonly Command[] = ['serve', 'demo', 'record'];
/** Whoever answers as an upstream. */
export const PRODUCE: readonly Command[] = ['simulate', 'demo', 'replay'];
export const EVERY: readonly Command[] = COMMANDS;

/** Words behind a command that are no flags. */
export interface OperandSpec {
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

const NO_OPERANDS: OperandSpec = { name: '', min: 0, max: 0 };

export const OPERANDS: Readonly<Record<Command, OperandSpec>> = {
  serve: NO_OPERANDS,
  simulate: NO_OPERANDS,
  demo: NO_OPERANDS,
  record: { name: 'UPSTREAM_URL', min: 0, max: 1 },
  replay: { name: 'DIR', min: 1, max: 1 },
  load: { name: 'FILE', min: 1, max: 256 },
  token: NO_OPERANDS,
};

export interface OptionSpec<T> {
  /** The flag without its dashes: `poll-ms`. */
  readonly name: string;
  readonly env: string;
  /** The key in the file, null where it makes no sense there. */
  readonly fileKey: string | null;
  readonly kind: ValueKind<NonNullable<T>>;
  /** Called once per load, when nothing is given. */
  readonly fallback: () => T;
  /** The default in words or as one would write it. */
  readonly defaultText: string;
  readonly help: string;
  readonly commands: readonly Command[];
}

interface OptionInput<T> {
  readonly kind: ValueKind<NonNullable<T>>;
  readonly help: string;
  readonly commands: readonly Command[];
  readonly env?: string;
  readonly fileKey?: string | null;
}

/** An option whose default is a value. Names follow from one: poll-ms, POLL_MS, poll_ms. */
export function option<T>(name: string, fallback: NonNullable<T>, input: OptionInput<T>): OptionSpec<T> {
  return spec(name, () => fallback, input.kind.format(fallback), input);
}

/** An option whose default depends on something: `defaultText` says on what. */
export function derived<T>(
  name: string,
  fallback: () => T,
  defaultText: string,
  input: OptionInput<T>,
): OptionSpec<T> {
  return spec(name, fallback, defaultText, input);
}

function spec<T>(name: string, fallback: () => T, defaultText: string, input: OptionInput<T>): OptionSpec<T> {
  const fileKey = name.replaceAll('-', '_');
  return {
    name,
    env: input.env ?? fileKey.toUpperCase(),
    fileKey: input.fileKey === undefined ? fileKey : input.fileKey,
    kind: input.kind,
    fallback,
    defaultText,
    help: input.help,
    commands: input.commands,
  };
}
