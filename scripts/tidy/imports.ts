import { posix } from 'node:path';
import ts from 'typescript';
import { walk, type Unit } from './unit.js';

/** One module that a file names, by whatever syntax. */
export interface ImportEdge {
  readonly node: ts.Node;
  /** As written: `./x.js`, `node:fs`, `piscina`. */
  readonly specifier: string;
  /** The path of the source file when the specifier is relative: `src/model/ids.ts`. */
  readonly target: string | undefined;
  /** The names that cross, or undefined for all of them (namespace, default, require, import()). */
  readonly names: readonly string[] | undefined;
}

/** Every import of a file: declarations, re-exports, `import()`, `import('x').T`, `require()`. */
export function importsOf(unit: Unit): ImportEdge[] {
  const edges: ImportEdge[] = [];
  const add = (node: ts.Node, specifier: ts.Node | undefined, names: readonly string[] | undefined): void => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return;
    edges.push({ node, specifier: specifier.text, target: resolveImport(unit.path, specifier.text), names });
  };
  walk(unit.ast, (node) => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, importedNames(node));
    else if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier, exportedNames(node));
    else if (ts.isImportTypeNode(node)) {
      if (ts.isLiteralTypeNode(node.argument)) add(node, node.argument.literal, undefined);
    } else if (ts.isCallExpression(node) && isLoader(node.expression)) {
      add(node, node.arguments[0], undefined);
    }
  });
  return edges;
}

/** `./x.js` beside `src/a/b.ts` is `src/a/x.ts`; a package or a built-in is undefined. */
function resolveImport(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts');
}

function isLoader(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  if (ts.isIdentifier(callee)) return callee.text === 'require';
  // require.resolve and import.meta.resolve name a module as well.
  return ts.isPropertyAccessExpression(callee) && callee.name.text === 'resolve' && isModuleResolver(callee);
}

function isModuleResolver(callee: ts.PropertyAccessExpression): boolean {
  const owner = callee.expression;
  return ts.isMetaProperty(owner) || (ts.isIdentifier(owner) && owner.text === 'require');
}

function importedNames(node: ts.ImportDeclaration): readonly string[] | undefined {
  const clause = node.importClause;
  if (!clause || clause.name || !clause.namedBindings) return undefined;
  if (!ts.isNamedImports(clause.namedBindings)) return undefined;
  return clause.namedBindings.elements.map((element) => (element.propertyName ?? element.name).text);
}

function exportedNames(node: ts.ExportDeclaration): readonly string[] | undefined {
  if (!node.exportClause || !ts.isNamedExports(node.exportClause)) return undefined;
  return node.exportClause.elements.map((element) => (element.propertyName ?? element.name).text);
}
