/**
 * Prints what failed in a vitest JSON report and, as the last line, `N passed, N failed`
 * (`, N skipped` when there are skips). Exit 1 when a test failed, when none ran, when there is no
 * report, or when the run itself ended with another status than 0.
 *
 *   node scripts/ci-summary.mjs <report.json> [exit status of the run]
 */
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

const MESSAGE_LINES_MAX = 25;

const [reportFile, runStatus = '0'] = process.argv.slice(2);
if (!reportFile) throw new Error('usage: node scripts/ci-summary.mjs <report.json> [exit status]');

const files = existsSync(reportFile) ? JSON.parse(readFileSync(reportFile, 'utf8')).testResults : undefined;
const count = { passed: 0, failed: 0, skipped: 0 };

for (const file of files ?? []) {
  for (const test of file.assertionResults) {
    if (test.status === 'passed') count.passed += 1;
    else if (test.status === 'failed') {
      count.failed += 1;
      printFailure(file.name, test.fullName, test.failureMessages.join('\n'));
    } else count.skipped += 1;
  }
  // A file that does not load, or whose hooks fail, has no failed test of its own.
  const failedTests = file.assertionResults.some((test) => test.status === 'failed');
  if (file.status === 'failed' && !failedTests) {
    count.failed += 1;
    printFailure(file.name, '(the file as a whole)', file.message);
  }
}

const problems = [];
if (!files)
  problems.push('the tests did not run: install, signatures, build, lint or format failed (see above)');
else if (count.passed + count.failed === 0) problems.push('no test ran');
if (runStatus !== '0') problems.push(`npm test ended with status ${runStatus}`);
for (const problem of problems) console.log(problem);

const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
console.log(`${count.passed} passed, ${count.failed} failed${skipped}`);
if (count.failed > 0 || problems.length > 0) process.exitCode = 1;

function printFailure(file, name, message) {
  const lines = String(message).trimEnd().split('\n');
  console.log(`\nFAILED ${relative(process.cwd(), file)}: ${name}`);
  for (const line of lines.slice(0, MESSAGE_LINES_MAX)) console.log(`    ${line}`);
  if (lines.length > MESSAGE_LINES_MAX) console.log(`    ... ${lines.length - MESSAGE_LINES_MAX} more lines`);
}
