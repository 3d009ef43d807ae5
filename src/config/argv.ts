/** The command line: which command, which flags. */

import { parseArgs } from 'node:util';
import type { Mistakes } from './mistakes.js';
import { hint } from './nearest.js';
import { COMMANDS, type Command } from './option.js';
import { OPTION_ROWS, type OptionKey } from './options.js';

export interface CommandLine {
  /** undefined when none, or no valid one, was given: then a mistake says so. */
  readonly command: Command | 'help' | 'version' | undefined;
  /** Raw values by option key. */
  readonly flags: ReadonlyMap<OptionKey, string>;
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];
type OptionToken = Extract<Token, { kind: 'option' }>;

const FLAGS = new Map(OPTION_ROWS.map(([key, spec]) => [spec.name, { key, spec }]));

/** `argv` without the interpreter and the script. Reports every mistake, not only the first. */
export function readCommandLine(argv: readonly string[], mistakes: Mistakes): CommandLine {
  const tokens = tokenize(argv);
  const operands = operandsOf(tokens);
  const names = new Set(tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : [])));
  const word = operands[0];
  // Whoever asks for help gets it, whatever else is wrong.
  if (names.has('help') || names.has('h') || word === 'help') return { command: 'help', flags: new Map() };
  if (names.has('version') || names.has('V') || word === 'version')
    return { command: 'version', flags: new Map() };
  const command = COMMANDS.find((candidate) => candidate === word);
  if (word === undefined) {
    mistakes.add('command', `none is given, allowed: ${COMMANDS.join(', ')}, help, version`);
  } else if (command === undefined) {
    mistakes.value('command', word, `${COMMANDS.join(', ')}, help, version${hint(word, COMMANDS)}`);
  }
  for (const extra of operands.slice(1)) mistakes.value('command line', extra, 'one command and flags');
  return { command, flags: readFlags(tokens, command, mistakes) };
}

/** Not strict, because strict stops at the first mistake. */
function tokenize(argv: readonly string[]): readonly Token[] {
  const strings = [...FLAGS.keys()].map(
    (name) => [name, { type: 'string' as const, multiple: true }] as const,
  );
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: {
      ...Object.fromEntries(strings),
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'V' },
    },
  });
  return tokens;
}

/** Words that are no flags. The word after an unknown flag is taken for its value, not for an operand. */
function operandsOf(tokens: readonly Token[]): readonly string[] {
  const operands: string[] = [];
  tokens.forEach((token, index) => {
    if (token.kind !== 'positional') return;
    const before = tokens[index - 1];
    const isValue =
      before?.kind === 'option' &&
      before.index === token.index - 1 &&
      before.value === undefined &&
      !isKnown(before);
    if (!isValue) operands.push(token.value);
  });
  return operands;
}

function isKnown(token: OptionToken): boolean {
  return FLAGS.has(token.name) || ['help', 'h', 'version', 'V'].includes(token.name);
}

function readFlags(
  tokens: readonly Token[],
  command: Command | undefined,
  mistakes: Mistakes,
): ReadonlyMap<OptionKey, string> {
  const flags = new Map<OptionKey, string>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const known = FLAGS.get(token.name);
    if (known === undefined) {
      mistakes.add(token.rawName, `is no flag of weft${hint(token.name, [...FLAGS.keys()])}`);
    } else if (command !== undefined && !known.spec.commands.includes(command)) {
      mistakes.add(token.rawName, `is a flag of ${known.spec.commands.join(' and ')}, not of ${command}`);
    } else if (token.value === undefined || (!token.inlineValue && token.value.startsWith('--'))) {
      mistakes.add(token.rawName, `needs a value, allowed: ${known.spec.kind.allowed}`);
    } else if (flags.has(known.key)) {
      mistakes.add(token.rawName, 'is given twice');
    } else {
      flags.set(known.key, token.value);
    }
  }
  return flags;
}
