/** The command line: which command, which flags. */

import { parseArgs } from 'node:util';
import type { Mistakes } from './mistakes.js';
import { hint } from './nearest.js';
import { COMMANDS, OPERANDS, type Command } from './option.js';
import { OPTION_ROWS, type OptionKey } from './options.js';
import { maskUrl } from './source-url.js';

export interface CommandLine {
  /** undefined when none, or no valid one, was given: then a mistake says so. */
  readonly command: Command | 'help' | 'version' | undefined;
  /** Raw values by option key. */
  readonly flags: ReadonlyMap<OptionKey, string>;
  /** Words behind the command that are no flags: files, a folder, an address. */
  readonly operands: readonly string[];
}

/** Flags without a value. */
const SWITCHES: ReadonlySet<string> = new Set([
  ...['help', 'version'],
  ...OPTION_ROWS.filter(([, spec]) => spec.kind.isSwitch).map(([, spec]) => spec.name),
]);
const FLAGS = new Map(OPTION_ROWS.map(([key, spec]) => [spec.name, { key, spec }]));

/** `argv` without the interpreter and the script. Reports every mistake, not only the first. */
export function readCommandLine(argv: readonly string[], mistakes: Mistakes): CommandLine {
  const { flags: given, operands } = readWords(argv);
  const word = operands[0];
  // Whoever asks for help gets it, whatever else is wrong.
  const asks = (...names: readonly string[]): boolean => given.some(({ name }) => names.includes(name));
  if (asks('help', 'h') || word === 'help') return { ...NOTHING, command: 'help' };
  if (asks('version', 'V') || word === 'version') return { ...NOTHING, command: 'version' };
  const command = COMMANDS.find((candidate) => candidate === word);
  if (word === undefined) {
    mistakes.add('command', `none is given, allowed: ${COMMANDS.join(', ')}, help, version`);
  } else if (command === undefined) {
    mistakes.value('command', word, `${COMMANDS.join(', ')}, help, version${hint(word, COMMANDS)}`);
  }
  const rest = operands.slice(1);
  if (command === undefined) checkOperands(rest, NO_COMMAND, mistakes);
  else checkOperands(rest, { command, ...OPERANDS[command] }, mistakes);
  return { command, flags: readFlags(given, command, mistakes), operands: rest };
}

const NOTHING = { flags: new Map<OptionKey, string>(), operands: [] };
const NO_COMMAND = { command: 'weft', name: '', min: 0, max: 0 };

function checkOperands(
  operands: readonly string[],
  { command, name, min, max }: typeof NO_COMMAND,
  mistakes: Mistakes,
): void {
  const allowed = max === 0 ? 'one command and flags' : `at most ${max} ${name} and flags`;
  for (const extra of operands.slice(max)) mistakes.value('command line', maskUrl(extra), allowed);
  if (operands.length < min) mistakes.add('command line', `${command} needs ${name}, which is missing`);
}

interface GivenFlag {
  readonly name: string;
  /** As it was written, with its dashes. */
  readonly rawName: string;
  readonly value: string | undefined;
}

/**
 * Flags and operands. parseArgs only cuts the words: strict, it would stop at the first mistake; and
 * with typed options it would take the next flag for a value. So the next word is taken here,
 * unless it begins with two dashes. That holds for unknown flags, too: their value is no operand.
 */
function readWords(argv: readonly string[]): { flags: readonly GivenFlag[]; operands: readonly string[] } {
  const { tokens } = parseArgs({ args: [...argv], strict: false, allowPositionals: true, tokens: true });
  const flags: GivenFlag[] = [];
  const operands: string[] = [];
  const taken = new Set<number>();
  for (const token of tokens) {
    if (taken.has(token.index) || token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      operands.push(token.value);
      continue;
    }
    const next = argv[token.index + 1];
    const takesNext = !token.inlineValue && token.rawName.startsWith('--') && !SWITCHES.has(token.name);
    const isNext = takesNext && next !== undefined && !next.startsWith('--');
    if (isNext) taken.add(token.index + 1);
    flags.push({ name: token.name, rawName: token.rawName, value: isNext ? next : token.value });
  }
  return { flags, operands };
}

function readFlags(
  given: readonly GivenFlag[],
  command: Command | undefined,
  mistakes: Mistakes,
): ReadonlyMap<OptionKey, string> {
  const flags = new Map<OptionKey, string>();
  for (const { name, rawName, value } of given) {
    const known = FLAGS.get(name);
    if (known === undefined) {
      mistakes.add(rawName, `is no flag of weft${hint(name, [...FLAGS.keys()])}`);
    } else if (command !== undefined && !known.spec.commands.includes(command)) {
      mistakes.add(rawName, `is a flag of ${words(known.spec.commands)}, not of ${command}`);
    } else if (value === undefined && !known.spec.kind.isSwitch) {
      mistakes.add(rawName, `needs a value, allowed: ${known.spec.kind.allowed}`);
    } else if (flags.has(known.key)) {
      mistakes.add(rawName, 'is given twice');
    } else {
      flags.set(known.key, value ?? 'true');
    }
  }
  return flags;
}

/** `a`, `a and b`, `a, b and c`. */
function words(names: readonly string[]): string {
  return names.join(', ').replace(/, (?=[^,]*$)/, ' and ');
}
