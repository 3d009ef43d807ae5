import ts from 'typescript';
import { rootName } from './sizes.js';
import { isProduct, walk, type Report, type Unit } from './unit.js';

const TEST_ROOTS: ReadonlySet<string> = new Set(['describe', 'suite', 'it', 'test', 'bench']);
const SKIPPING: ReadonlySet<string> = new Set(['skip', 'skipIf', 'runIf', 'todo', 'fails']);
const CONTEXTS: ReadonlySet<string> = new Set(['ctx', 'context', 't', 'task']);

/** A title says why in parentheses: `reads the sample (needs ../shared/samples)`. */
const REASON = /\((needs|only on|not on|skipped:|until) .*\S.*\)/;

/** Console calls: the log is NDJSON and src/log/ is its only writer. */
export function checkConsole(unit: Unit, report: Report): void {
  if (!isProduct(unit.path) || unit.path === 'src/main.ts') return;
  walk(unit.ast, (node) => {
    if (!ts.isPropertyAccessExpression(node) || !ts.isIdentifier(node.expression)) return;
    if (node.expression.text !== 'console') return;
    report(node, 'console', `console.${node.name.text} (take a logger of src/log, or return the error)`);
  });
}

export function checkTypes(unit: Unit, report: Report): void {
  walk(unit.ast, (node) => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) {
      report(node, 'any', `any switches the compiler off (use unknown and narrow it, or name the type)`);
    }
    if (ts.isExportAssignment(node) || hasDefaultModifier(node)) checkDefaultExport(unit, node, report);
  });
}

function hasDefaultModifier(node: ts.Node): boolean {
  if (!ts.canHaveModifiers(node)) return false;
  return ts.getModifiers(node)?.some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword) ?? false;
}

function checkDefaultExport(unit: Unit, node: ts.Node, report: Report): void {
  // Tools ask their configuration files for a default, and Piscina its entries.
  if (!unit.path.endsWith('.ts') || unit.path.startsWith('workers/')) return;
  report(node, 'default-export', `a default export has no name of its own (export it by name)`);
}

/** Leftovers in comments: switched-off checks, and work that was put off. */
export function checkComments(unit: Unit, report: Report): void {
  for (const comment of commentsOf(unit)) {
    const ignored = /@ts-(ignore|nocheck)/.exec(comment.text);
    if (ignored)
      report(comment.pos, 'ts-ignore', `${ignored[0]} (fix the type, or @ts-expect-error with a reason)`);
    const leftover = /\b(TODO|FIXME|XXX|HACK)\b/.exec(comment.text);
    if (leftover)
      report(comment.pos, 'leftover', `${leftover[0]} (do it now, or open an issue and say what is so)`);
  }
}

function commentsOf(unit: Unit): { readonly pos: number; readonly text: string }[] {
  const found = new Map<number, string>();
  const collect = (ranges: readonly ts.CommentRange[] | undefined): void => {
    for (const range of ranges ?? []) found.set(range.pos, unit.text.slice(range.pos, range.end));
  };
  const visit = (node: ts.Node): void => {
    collect(ts.getLeadingCommentRanges(unit.text, node.getFullStart()));
    collect(ts.getTrailingCommentRanges(unit.text, node.end));
    for (const child of node.getChildren(unit.ast)) visit(child);
  };
  visit(unit.ast);
  return [...found].map(([pos, text]) => ({ pos, text }));
}

/** Focused tests hide all others; skipped ones must say why they are skipped. */
export function checkTestModifiers(unit: Unit, report: Report): void {
  if (!unit.path.startsWith('test/') && !unit.path.startsWith('bench/')) return;
  walk(unit.ast, (node) => {
    if (ts.isPropertyAccessExpression(node) && TEST_ROOTS.has(rootName(node.expression))) {
      if (node.name.text === 'only') report(node.name, 'only', `.only hides every other test (remove it)`);
      else if (SKIPPING.has(node.name.text) && !REASON.test(titleOf(node))) {
        report(
          node.name,
          'skip',
          `.${node.name.text} without a reason (end the title with "(needs …)" or "(skipped: …)")`,
        );
      }
    }
    if (ts.isCallExpression(node) && isContextSkip(node.expression) && !givesNote(node)) {
      report(node, 'skip', `skip() without a reason (give it as the last argument)`);
    }
  });
}

/** The title of the call chain that `it.skip` begins: `it.skip('t')`, `it.skipIf(c)('t')`. */
function titleOf(node: ts.Node): string {
  let at = node.parent;
  while (ts.isCallExpression(at) || ts.isPropertyAccessExpression(at)) {
    const first = ts.isCallExpression(at) ? at.arguments[0] : undefined;
    if (first && (ts.isStringLiteralLike(first) || ts.isTemplateExpression(first))) return first.getText();
    at = at.parent;
  }
  return '';
}

function isContextSkip(callee: ts.Expression): boolean {
  if (ts.isIdentifier(callee)) return callee.text === 'skip';
  if (!ts.isPropertyAccessExpression(callee) || callee.name.text !== 'skip') return false;
  return ts.isIdentifier(callee.expression) && CONTEXTS.has(callee.expression.text);
}

function givesNote(call: ts.CallExpression): boolean {
  const last = call.arguments.at(-1);
  return (
    last !== undefined &&
    (ts.isStringLiteralLike(last) || ts.isTemplateExpression(last)) &&
    last.getText().length > 2
  );
}
