import { findCycles } from './cycles.js';
import { checkGlobals, checkLibraries } from './fences.js';
import { checkComments, checkConsole, checkTestModifiers, checkTypes } from './habits.js';
import { HOT, type HotFunction } from './hot.js';
import { checkBarrel, checkLayers } from './layers.js';
import { checkFileLength, checkFunctionLength, staleHotEntries } from './sizes.js';
import { checkText } from './text.js';
import { isCode, lineAt, parseUnit, type Finding, type Report, type SourceText, type Unit } from './unit.js';

/**
 * Every broken rule of `files`, in order of file and line. Pure: the same files give the same
 * findings. `hot` replaces the table of long functions, for tests.
 */
export function tidy(files: readonly SourceText[], hot: readonly HotFunction[] = HOT): Finding[] {
  const units = files.filter((file) => isCode(file.path)).map(parseUnit);
  const findings = [
    ...files.flatMap(checkText),
    ...units.flatMap((unit) => checkUnit(unit, hot)),
    ...cycleFindings(units),
    ...hotFindings(files, units, hot),
  ];
  return findings.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}

/** `file:line rule message`, one line. */
export function formatFinding(finding: Finding): string {
  return `${finding.file}:${finding.line} ${finding.rule} ${finding.message}`;
}

function checkUnit(unit: Unit, hot: readonly HotFunction[]): Finding[] {
  const findings: Finding[] = [];
  const report: Report = (at, rule, message) => {
    findings.push({ file: unit.path, line: lineAt(unit, at), rule, message });
  };
  checkLayers(unit, report);
  checkBarrel(unit, report);
  checkLibraries(unit, report);
  checkGlobals(unit, report);
  checkFileLength(unit, report);
  checkFunctionLength(unit, hot, report);
  checkConsole(unit, report);
  checkTypes(unit, report);
  checkComments(unit, report);
  checkTestModifiers(unit, report);
  return findings;
}

function cycleFindings(units: readonly Unit[]): Finding[] {
  return findCycles(units).map(({ files, unit, edge }) => ({
    file: unit.path,
    line: lineAt(unit, edge.node),
    rule: 'cycle',
    message: `${[...files, files[0]].join(' -> ')} (move what both need into a third file)`,
  }));
}

function hotFindings(
  files: readonly SourceText[],
  units: readonly Unit[],
  hot: readonly HotFunction[],
): Finding[] {
  return staleHotEntries(files, units, hot).map(({ file, message }) => ({
    file,
    line: 1,
    rule: 'hot-table',
    message: `${message} (correct or remove the entry in scripts/tidy/hot.ts)`,
  }));
}
