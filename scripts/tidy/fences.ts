import ts from 'typescript';
import { importsOf } from './imports.js';
import { isProduct, walk, type Report, type Unit } from './unit.js';

/** Each library has one folder that knows it, so that changing it is a change to one folder. */
const LIBRARY_HOME: Readonly<Record<string, string>> = {
  'uWebSockets.js': 'src/server/',
  piscina: 'src/pool/',
  'hdr-histogram-js': 'src/stats/',
  'prom-client': 'src/stats/',
  pino: 'src/log/',
  undici: 'src/source/',
};

const CLOCK_HOME = 'src/model/clock.ts';
const ENV_HOME = 'src/config/';
const MEMORY_HOME = 'src/snapshot/';

const TIMERS: ReadonlySet<string> = new Set(['setTimeout', 'setInterval']);
const CLOCK_MEMBERS: ReadonlySet<string> = new Set([
  'Date.now',
  'performance.now',
  'process.hrtime',
  'Math.random',
  'AbortSignal.timeout',
]);
const TIMER_MODULES: ReadonlySet<string> = new Set(['timers', 'timers/promises']);
const TYPED_ARRAY = /^(Big)?(Int|Uint|Float)(8|16|32|64)(Clamped)?Array$/;

/** `piscina` of `piscina/sub`, `@a/b` of `@a/b/sub`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Imports of a library outside its folder. */
export function checkLibraries(unit: Unit, report: Report): void {
  if (!isProduct(unit.path)) return;
  for (const edge of importsOf(unit)) {
    const library = packageOf(edge.specifier);
    const home = Object.hasOwn(LIBRARY_HOME, library) ? LIBRARY_HOME[library] : undefined;
    if (home === undefined || unit.path.startsWith(home)) continue;
    // Results leave a worker by transfer, and `move` is how Piscina is told so.
    const onlyMove = edge.names?.length === 1 && edge.names[0] === 'move';
    if (library === 'piscina' && unit.path.startsWith('workers/') && onlyMove) continue;
    report(edge.node, 'fence-library', `${library} is imported outside ${home} (use what ${home} exports)`);
  }
}

/** Clocks, environment and raw shared memory outside their folders. */
export function checkGlobals(unit: Unit, report: Report): void {
  if (!isProduct(unit.path)) return;
  if (unit.path !== CLOCK_HOME) checkClock(unit, report);
  if (!unit.path.startsWith(ENV_HOME)) checkEnvironment(unit, report);
  if (!unit.path.startsWith(MEMORY_HOME)) checkMemory(unit, report);
}

function checkClock(unit: Unit, report: Report): void {
  const fix = `inject Clock or Random of ${CLOCK_HOME}`;
  walk(unit.ast, (node) => {
    const member = memberName(node);
    if (member !== undefined && CLOCK_MEMBERS.has(member)) report(node, 'fence-clock', `${member} (${fix})`);
    if (member === 'globalThis.setTimeout' || member === 'globalThis.setInterval') {
      report(node, 'fence-clock', `${member} (${fix})`);
    }
    if (ts.isIdentifier(node) && TIMERS.has(node.text) && isValueReference(node)) {
      report(node, 'fence-clock', `${node.text} (${fix})`);
    }
    if (isBareDate(node)) report(node, 'fence-clock', `a Date of now (${fix})`);
  });
  for (const edge of importsOf(unit)) {
    const name = edge.specifier.replace(/^node:/, '');
    if (TIMER_MODULES.has(name)) report(edge.node, 'fence-clock', `${edge.specifier} (${fix})`);
  }
}

function checkEnvironment(unit: Unit, report: Report): void {
  const fix = `read it in ${ENV_HOME} and pass the value down`;
  walk(unit.ast, (node) => {
    if (memberName(node) === 'process.env') report(node, 'fence-env', `process.env (${fix})`);
  });
  for (const edge of importsOf(unit)) {
    const isProcess = edge.specifier.replace(/^node:/, '') === 'process';
    if (isProcess && edge.names?.includes('env'))
      report(edge.node, 'fence-env', `env of node:process (${fix})`);
  }
}

function checkMemory(unit: Unit, report: Report): void {
  const fix = `${MEMORY_HOME} alone knows offsets: ask it for a view`;
  walk(unit.ast, (node) => {
    if (ts.isIdentifier(node) && node.text === 'Atomics' && isValueReference(node)) {
      report(node, 'fence-memory', `Atomics (${fix})`);
    }
    if (!ts.isNewExpression(node) || !ts.isIdentifier(node.expression)) return;
    const type = node.expression.text;
    const view = TYPED_ARRAY.test(type) && (node.arguments?.length ?? 0) > 1;
    if (type === 'SharedArrayBuffer' || type === 'DataView' || view) {
      report(node, 'fence-memory', `new ${type}${view ? ' with an offset' : ''} (${fix})`);
    }
  });
}

/** `Date.now` for `Date.now`; undefined for anything that is not a member of a plain identifier. */
function memberName(node: ts.Node): string | undefined {
  if (!ts.isPropertyAccessExpression(node) || !ts.isIdentifier(node.expression)) return undefined;
  return `${node.expression.text}.${node.name.text}`;
}

/** `new Date()` and `Date()`: both read the wall clock. */
function isBareDate(node: ts.Node): boolean {
  if (!ts.isNewExpression(node) && !ts.isCallExpression(node)) return false;
  if (!ts.isIdentifier(node.expression) || node.expression.text !== 'Date') return false;
  return ts.isCallExpression(node) || (node.arguments?.length ?? 0) === 0;
}

/** False where the identifier is only a name: a member, a declaration, a key, or inside a type. */
function isValueReference(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return false;
  if (ts.isImportSpecifier(parent)) return false; // reported as an import
  if (ts.isTypeReferenceNode(parent) || ts.isTypeQueryNode(parent) || ts.isQualifiedName(parent))
    return false;
  const declares = 'name' in parent && parent.name === node;
  return !declares || ts.isShorthandPropertyAssignment(parent);
}
