/** The help text and the documentation tables, drawn from the options table. */

import { OPTION_ROWS } from './options.js';
import { COMMANDS, type OptionSpec } from './option.js';
import { SOURCE_KEYS } from './source-keys.js';

const WIDTH = 100;
const INDENT = ' '.repeat(6);

const INTRODUCTION = `weft serves the live state of a network fabric: every switch port's every counter.

Usage: weft <command> [flags]

Commands:
  serve      poll the sources, answer reads, stream changes
  simulate   serve a simulated fabric as CSV
  demo       both in one process
  record     keep what the sources answer: weft record --out DIR [UPSTREAM_URL]
  replay     serve a recording as an upstream: weft replay DIR
  load       serve saved files: weft load FILE...
  token      make a bearer token: weft token --id NAME --scopes LIST
  help       this text
  version    the version

Flags come before the environment, the environment before the file, the file before the default.
Sources with keys of their own stand in the file, under "sources"; see docs/options.md.
Exit codes: 0 stopped, 1 cannot run, 78 configuration.
`;

/** What `weft help` prints: complete, at most 100 columns wide. */
export function helpText(): string {
  const sections = new Map<string, string>();
  for (const [, spec] of OPTION_ROWS) {
    const title = spec.commands.length === COMMANDS.length ? 'every command' : spec.commands.join(', ');
    sections.set(title, `${sections.get(title) ?? ''}${describe(spec)}`);
  }
  const parts = [...sections].map(([title, rows]) => `Flags of ${title}:\n${rows}`);
  return `${INTRODUCTION}\n${parts.join('\n')}`;
}

function describe(spec: OptionSpec<unknown>): string {
  const head = `  --${spec.name} <${spec.kind.placeholder}>   ${spec.env}   default: ${spec.defaultText}`;
  return `${head}\n${wrap(spec.help)}`;
}

function wrap(text: string): string {
  let lines = '';
  let line = INDENT.trimEnd();
  for (const word of text.split(' ')) {
    if (line.length > 0 && INDENT.length + line.length + word.length + 1 > WIDTH) {
      lines += `${INDENT}${line}\n`;
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return `${lines}${INDENT}${line}\n`;
}

/** Every option as a Markdown table. */
export function optionsMarkdown(): string {
  const rows = OPTION_ROWS.map(([, spec]) => [
    code(`--${spec.name}`),
    code(spec.env),
    spec.fileKey === null ? '' : code(spec.fileKey),
    spec.defaultText,
    spec.kind.allowed,
    spec.commands.length === COMMANDS.length ? 'all' : spec.commands.join(', '),
    spec.help,
  ]);
  return table(['flag', 'environment', 'file', 'default', 'allowed', 'commands', 'meaning'], rows);
}

/** Every key of a source in the file as a Markdown table. */
export function sourceKeysMarkdown(): string {
  const rows = Object.entries(SOURCE_KEYS).map(([name, spec]) => [
    code(name),
    spec.defaultText,
    spec.kind.allowed,
    spec.help,
  ]);
  return table(['key', 'default', 'allowed', 'meaning'], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [
    head,
    head.map(() => '---'),
    ...rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|'))),
  ];
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function code(text: string): string {
  return `\`${text}\``;
}
