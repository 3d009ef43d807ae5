import ts from 'typescript';
import type { HotFunction } from './hot.js';
import { walk, type Report, type SourceText, type Unit } from './unit.js';

const FILE_LINES_MAX = 250;
const FUNCTION_LINES_MAX = 70;

const SUITE_CALLS: ReadonlySet<string> = new Set(['describe', 'suite', 'it', 'test']);

/** Lines of a text; the newline that ends the last line does not begin another. */
export function countLines(text: string): number {
  const breaks = text.split('\n').length - 1;
  return text.endsWith('\n') ? breaks : breaks + 1;
}

export function checkFileLength(unit: Unit, report: Report): void {
  const lines = countLines(unit.text);
  if (lines <= FILE_LINES_MAX) return;
  report(0, 'file-length', `${lines} lines, the limit is ${FILE_LINES_MAX} (split the file by subject)`);
}

export function checkFunctionLength(unit: Unit, hot: readonly HotFunction[], report: Report): void {
  const allowed = new Set(hot.filter((entry) => entry.file === unit.path).map((entry) => entry.name));
  walk(unit.ast, (node) => {
    if (!isFunctionWithBody(node)) return;
    const lines = ownLines(unit, node);
    const name = functionName(node);
    if (lines <= FUNCTION_LINES_MAX || allowed.has(name)) return;
    const fix = 'split it, or name it in scripts/tidy/hot.ts with the bench that shows why';
    report(
      node,
      'function-length',
      `${name} has ${lines} lines, the limit is ${FUNCTION_LINES_MAX} (${fix})`,
    );
  });
}

/** Entries of the hot table that point at nothing. They are reported at the entry's own file. */
export function staleHotEntries(
  files: readonly SourceText[],
  units: readonly Unit[],
  hot: readonly HotFunction[],
): { readonly file: string; readonly message: string }[] {
  const paths = new Set(files.map((file) => file.path));
  const stale: { file: string; message: string }[] = [];
  for (const { file, name, bench } of hot) {
    const unit = units.find((candidate) => candidate.path === file);
    if (!unit) stale.push({ file, message: `the hot table names a file that does not exist` });
    else if (!functionNames(unit).has(name))
      stale.push({ file, message: `the hot table names no function: ${name}` });
    if (!paths.has(bench))
      stale.push({ file, message: `the bench of hot function ${name} does not exist: ${bench}` });
    else if (!bench.startsWith('bench/'))
      stale.push({ file, message: `${bench} of ${name} is not in bench/` });
  }
  return stale;
}

function functionNames(unit: Unit): Set<string> {
  const names = new Set<string>();
  walk(unit.ast, (node) => {
    if (isFunctionWithBody(node)) names.add(functionName(node));
  });
  return names;
}

function isFunctionWithBody(node: ts.Node): node is ts.FunctionLikeDeclaration {
  return ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;
}

/** `f`, `Class.method`, the variable or property that an arrow is assigned to, or `(anonymous)`. */
function functionName(node: ts.FunctionLikeDeclaration): string {
  const own = ts.isConstructorDeclaration(node) ? 'constructor' : node.name?.getText();
  if (own === undefined) {
    const parent = node.parent;
    const named = ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent);
    return named || ts.isPropertyDeclaration(parent) ? parent.name.getText() : '(anonymous)';
  }
  return ts.isClassLike(node.parent) && node.parent.name ? `${node.parent.name.text}.${own}` : own;
}

/** Lines of a function without its doc comment; in test/, also without the suites and cases in it. */
function ownLines(unit: Unit, node: ts.FunctionLikeDeclaration): number {
  let lines = lineSpan(unit, node);
  if (!unit.path.startsWith('test/')) return lines;
  const visit = (child: ts.Node): void => {
    if (ts.isCallExpression(child) && SUITE_CALLS.has(rootName(child.expression)))
      lines -= lineSpan(unit, child);
    else ts.forEachChild(child, visit);
  };
  if (node.body) ts.forEachChild(node.body, visit);
  return lines;
}

function lineSpan(unit: Unit, node: ts.Node): number {
  const first = unit.ast.getLineAndCharacterOfPosition(node.getStart(unit.ast)).line;
  return unit.ast.getLineAndCharacterOfPosition(node.end).line - first + 1;
}

/** The identifier that a chain of calls and members starts at: `it` of `it.each(rows)('…', f)`. */
export function rootName(node: ts.Expression): string {
  let at: ts.Expression = node;
  while (ts.isPropertyAccessExpression(at) || ts.isCallExpression(at) || ts.isTaggedTemplateExpression(at)) {
    at = ts.isTaggedTemplateExpression(at) ? at.tag : at.expression;
  }
  return ts.isIdentifier(at) ? at.text : '';
}
