import { importsOf, type ImportEdge } from './imports.js';
import type { Unit } from './unit.js';

/** One import cycle: its files in import order, and the edge that closes or opens it. */
export interface Cycle {
  readonly files: readonly string[];
  readonly unit: Unit;
  readonly edge: ImportEdge;
}

/**
 * Import cycles, each told once. Types count: two files that need each other's types are one
 * file, or need a third. Depth-first: an edge to a file still on the path closes a cycle.
 */
export function findCycles(units: readonly Unit[]): Cycle[] {
  const byPath = new Map(units.map((unit) => [unit.path, unit]));
  const state = new Map<string, 'open' | 'done'>();
  const path: string[] = [];
  const cycles: Cycle[] = [];

  function visit(unit: Unit): void {
    state.set(unit.path, 'open');
    path.push(unit.path);
    for (const edge of importsOf(unit)) {
      const target = edge.target === undefined ? undefined : byPath.get(edge.target);
      if (!target) continue;
      const seen = state.get(target.path);
      if (seen === undefined) visit(target);
      else if (seen === 'open') {
        cycles.push({ files: path.slice(path.indexOf(target.path)), unit, edge });
      }
    }
    path.pop();
    state.set(unit.path, 'done');
  }

  for (const unit of units) if (!state.has(unit.path)) visit(unit);
  return cycles;
}
