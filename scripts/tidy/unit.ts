import ts from 'typescript';

/** One file as the repository holds it. `path` is relative to the root, with forward slashes. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
}

/** One broken rule. `message` ends with how to fix it, in parentheses. `line` counts from 1. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

/** A parsed file: what the rules that look at syntax receive. */
export interface Unit extends SourceText {
  readonly ast: ts.SourceFile;
}

/** Reports one finding at a node or at a character offset of the unit's text. */
export type Report = (at: ts.Node | number, rule: string, message: string) => void;

/** True for the files that are parsed; others are only checked as text. */
export function isCode(path: string): boolean {
  return /\.(ts|mjs|js)$/.test(path);
}

export function parseUnit(file: SourceText): Unit {
  const kind = file.path.endsWith('.ts') ? ts.ScriptKind.TS : ts.ScriptKind.JS;
  const ast = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ES2022, true, kind);
  return { ...file, ast };
}

export function lineAt(unit: Unit, at: ts.Node | number): number {
  const offset = typeof at === 'number' ? at : at.getStart(unit.ast);
  return unit.ast.getLineAndCharacterOfPosition(offset).line + 1;
}

/** Calls `visit` for every node of the file, parents first. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** True for what ships: the fences on clocks, environment and shared memory hold there only. */
export function isProduct(path: string): boolean {
  return path.startsWith('src/') || path.startsWith('workers/');
}
