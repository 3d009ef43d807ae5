import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findRepoRoot } from '../../../scripts/tidy/repo.js';

const folder = mkdtempSync(join(tmpdir(), 'weft-summary-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface FileResult {
  readonly status: string;
  readonly message?: string;
  readonly tests: readonly (readonly [status: string, message?: string])[];
}

/** What the script prints and its exit status for a report with these files. */
function summarize(files: readonly FileResult[] | undefined, runStatus = '0') {
  const report = join(folder, 'report.json');
  if (files) writeFileSync(report, JSON.stringify({ testResults: files.map(toVitest) }));
  const path = files ? report : join(folder, 'absent.json');
  const script = join(findRepoRoot(), 'scripts/ci-summary.mjs');
  const { status, stdout } = spawnSync(process.execPath, [script, path, runStatus], { encoding: 'utf8' });
  return { status, stdout, last: stdout.trimEnd().split('\n').at(-1) };
}

function toVitest(file: FileResult, index: number): unknown {
  const assertionResults = file.tests.map(([status, message], n) => ({
    status,
    fullName: `case ${n}`,
    failureMessages: message === undefined ? [] : [message],
  }));
  return {
    name: `${folder}/f${index}.test.js`,
    status: file.status,
    message: file.message ?? '',
    assertionResults,
  };
}

describe('ci-summary', () => {
  it('counts what passed', () => {
    const result = summarize([{ status: 'passed', tests: [['passed'], ['passed']] }]);
    expect(result).toMatchObject({ status: 0, last: '2 passed, 0 failed' });
  });

  it('counts skips only when there are some', () => {
    const result = summarize([{ status: 'passed', tests: [['passed'], ['skipped'], ['todo'], ['pending']] }]);
    expect(result).toMatchObject({ status: 0, last: '1 passed, 0 failed, 3 skipped' });
  });

  it('prints and counts failures', () => {
    const result = summarize([{ status: 'failed', tests: [['passed'], ['failed', 'expected 1 to be 2']] }]);
    expect(result).toMatchObject({ status: 1, last: '1 passed, 1 failed' });
    expect(result.stdout).toContain('f0.test.js: case 1\n    expected 1 to be 2');
  });

  it('counts a file that does not load as one failure', () => {
    const result = summarize([
      { status: 'failed', message: 'Cannot find module x', tests: [] },
      { status: 'passed', tests: [['passed']] },
    ]);
    expect(result).toMatchObject({ status: 1, last: '1 passed, 1 failed' });
    expect(result.stdout).toContain('Cannot find module x');
  });

  it('fails when no test ran, without a report, and when the run failed for another reason', () => {
    expect(summarize([])).toMatchObject({ status: 1, last: '0 passed, 0 failed' });
    expect(summarize([{ status: 'passed', tests: [['skipped']] }])).toMatchObject({ status: 1 });
    expect(summarize(undefined, '2')).toMatchObject({ status: 1, last: '0 passed, 0 failed' });
    const late = summarize([{ status: 'passed', tests: [['passed']] }], '1');
    expect(late).toMatchObject({ status: 1, last: '1 passed, 0 failed' });
  });
});
