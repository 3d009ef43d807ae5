import ts from 'typescript';
import { importsOf } from './imports.js';
import type { Report, Unit } from './unit.js';

/**
 * Who may import whom (docs/architecture.md). A file imports from its own folder or from a lower
 * layer; folders on one layer do not see each other.
 */
const LAYERS: readonly (readonly string[])[] = [
  ['model'],
  ['config', 'lifecycle', 'log', 'stats', 'kernel'],
  ['snapshot'],
  ['pool', 'parse', 'fabric', 'source', 'simulator', 'recording', 'state'],
  ['query'],
  ['view'],
  ['live', 'sink'],
  ['server'],
  ['daemon'],
  ['main'],
];

const WORKERS_SEE: ReadonlySet<string> = new Set([
  'model',
  'kernel',
  'snapshot',
  'parse',
  'fabric',
  'query',
  'view',
]);

/** Threads of their own, no jobs of the pool: each sees the folder whose work it does. */
const OWN_THREADS: ReadonlyMap<string, string> = new Map([
  ['workers/simulator-thread.ts', 'simulator'],
  ['workers/state-thread.ts', 'state'],
  ['workers/reader-thread.ts', 'server'],
]);

const LAYER_OF: ReadonlyMap<string, number> = new Map(
  LAYERS.flatMap((folders, layer) => folders.map((folder): [string, number] => [folder, layer])),
);

/** `src/server/routes/x.ts` is `server`; files directly in src/ are `daemon`, except `main`. */
function sourceFolder(path: string): string | undefined {
  const parts = path.split('/');
  if (parts[0] !== 'src') return undefined;
  if (parts.length > 2) return parts[1];
  return parts[1] === 'main.ts' ? 'main' : 'daemon';
}

/** The reason why `from` may not import `target`, or undefined when it may. */
function refusal(from: string, target: string): string | undefined {
  const fromTop = topFolder(from);
  const targetTop = topFolder(target);
  if (fromTop === 'test' || fromTop === 'bench') return undefined;
  if (targetTop === '' || (fromTop === targetTop && fromTop !== 'src')) return undefined;
  if (targetTop !== 'src') return `${targetTop}/ is not for importing from ${fromTop}/`;
  if (fromTop === 'scripts') return undefined;
  const targetFolder = sourceFolder(target)!;
  if (fromTop === 'src') return sourceRefusal(sourceFolder(from)!, targetFolder);
  if (OWN_THREADS.get(from) === targetFolder) return undefined;
  return WORKERS_SEE.has(targetFolder) ? undefined : `workers/ do not see ${targetFolder}`;
}

function sourceRefusal(from: string, target: string): string | undefined {
  if (from === target) return undefined;
  const fromLayer = LAYER_OF.get(from);
  const targetLayer = LAYER_OF.get(target);
  if (fromLayer === undefined || targetLayer === undefined) return undefined; // reported once, by checkLayers
  if (targetLayer < fromLayer) return undefined;
  const how = targetLayer === fromLayer ? 'on the same layer as' : 'above';
  return `${target} (layer ${targetLayer}) is ${how} ${from} (layer ${fromLayer})`;
}

/** `src` of `src/model/ids.ts`; empty for files at the root, such as package.json. */
function topFolder(path: string): string {
  const slash = path.indexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

/** Imports that climb, and folders of src/ that no layer knows. */
export function checkLayers(unit: Unit, report: Report): void {
  const folder = sourceFolder(unit.path);
  if (folder !== undefined && !LAYER_OF.has(folder)) {
    report(
      0,
      'layer',
      `the folder src/${folder} is on no layer (add it to LAYERS in scripts/tidy/layers.ts)`,
    );
  }
  for (const edge of importsOf(unit)) {
    if (edge.target === undefined) continue;
    const reason = refusal(unit.path, edge.target);
    if (reason === undefined) continue;
    report(edge.node, 'layer', `${reason} (move the shared type to model, or pass the value in from above)`);
  }
}

/** A file that only passes on what others export hides where things live. */
export function checkBarrel(unit: Unit, report: Report): void {
  const reExports = unit.ast.statements.filter(
    (s) => ts.isExportDeclaration(s) && s.moduleSpecifier !== undefined,
  );
  const first = reExports[0];
  if (!first) return;
  const isIndex = /(^|\/)index\.(ts|js|mjs)$/.test(unit.path);
  const nothingElse = unit.ast.statements.every(
    (s) => ts.isExportDeclaration(s) || ts.isImportDeclaration(s),
  );
  if (!isIndex && !nothingElse) return;
  report(first, 'barrel', `this file re-exports other files (import from the file that declares the name)`);
}
