import { expect, it } from 'vitest';
import { formatFinding, tidy } from '../../../scripts/tidy/core.js';
import { findRepoRoot, readRepo } from '../../../scripts/tidy/repo.js';

it('the repository keeps its own rules', () => {
  const files = readRepo(findRepoRoot());
  // A wrong root would find nothing to complain about.
  expect(files.map((file) => file.path)).toContain('src/model/clock.ts');
  expect(tidy(files).map(formatFinding)).toEqual([]);
});
