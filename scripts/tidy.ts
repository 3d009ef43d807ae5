#!/usr/bin/env node
/** Checks the rules of docs/architecture.md on the repository. Prints findings; exit 1 when there are any. */
import { formatFinding, tidy } from './tidy/core.js';
import { findRepoRoot, readRepo } from './tidy/repo.js';

const files = readRepo(findRepoRoot());
const findings = tidy(files);
for (const finding of findings) console.log(formatFinding(finding));
console.log(`tidy: ${files.length} files, ${findings.length} findings`);
if (findings.length > 0) process.exitCode = 1;
