import type { Finding, SourceText } from './unit.js';

// Spelled in two pieces, because this file is checked as well.
const KILL_BY_NAME = new RegExp(`\\b(${'pk'}ill|${'kill'}all)\\b`);
const MACHINE_PATH = new RegExp(`(^|[\\s'"\`=(:[])${'/wo'}rk/|(^|[^\\w)\\]])${'\\.lib'}rary\\b`);

const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/;

/** Rules that need no syntax tree; they hold for every text file of the repository. */
export function checkText(file: SourceText): Finding[] {
  const findings: Finding[] = [];
  const add = (line: number, rule: string, message: string): void => {
    findings.push({ file: file.path, line, rule, message });
  };
  checkName(file, add);
  checkEncoding(file, add);
  file.text.split('\n').forEach((text, index) => {
    const killer = KILL_BY_NAME.exec(text);
    if (killer) add(index + 1, 'kill-by-name', `${killer[0]} (end what you started by its handle)`);
    if (MACHINE_PATH.test(text))
      add(index + 1, 'machine-path', `a path of one machine (use a relative path)`);
  });
  return findings;
}

type Add = (line: number, rule: string, message: string) => void;

function checkName(file: SourceText, add: Add): void {
  if (!/\.(ts|mjs|sh)$/.test(file.path)) return;
  const name = file.path.slice(file.path.lastIndexOf('/') + 1);
  if (!KEBAB.test(name)) add(1, 'file-name', `${name} is not kebab-case (rename it)`);
}

function checkEncoding(file: SourceText, add: Add): void {
  const lineOf = (offset: number): number => file.text.slice(0, offset).split('\n').length;
  const broken = file.text.indexOf('\uFFFD');
  if (broken >= 0) add(lineOf(broken), 'encoding', `bytes that are not UTF-8 (save the file as UTF-8)`);
  if (file.text.startsWith('\uFEFF')) add(1, 'encoding', `a byte order mark (save the file without it)`);
  const carriage = file.text.indexOf('\r');
  if (carriage >= 0) add(lineOf(carriage), 'encoding', `a carriage return (save the file with LF line ends)`);
  if (file.text.length > 0 && !file.text.endsWith('\n')) {
    add(lineOf(file.text.length), 'encoding', `no newline at the end (add one)`);
  }
}
