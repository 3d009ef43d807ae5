import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Where the JSON report goes; CI counts from it. */
const report = process.env['TEST_REPORT'];

/** Tests of single parts: no process of their own, so they may run beside each other. */
const parts = [
  'dist/test/unit/**/*.test.js',
  'dist/test/property/**/*.test.js',
  'dist/test/contract/**/*.test.js',
  'dist/test/simulation/**/*.test.js',
  'dist/test/fuzz/**/*.test.js',
];

// The compiled tests run, not their sources: what ships is what was tested.
export default defineConfig({
  root,
  test: {
    pool: 'forks',
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    // What is tested is loaded by Node itself, as in production; only test files pass through Vite.
    server: {
      deps: {
        external: [
          /\/dist\/(src|workers|bench|scripts)\//,
          /\/dist\/test\/(simulation|fuzz)\/(?!.*\.test\.js)/,
        ],
      },
    },
    execArgv: ['--enable-source-maps'],
    passWithNoTests: false,
    coverage: {
      provider: 'v8',
      include: ['dist/src/**/*.js', 'dist/workers/**/*.js'],
      reportsDirectory: 'coverage',
      reporter: ['text-summary', 'html'],
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: parts,
          testTimeout: 30_000,
          hookTimeout: 30_000,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          // Daemons, races and benches need the cores for themselves: one file at a time.
          name: 'whole',
          include: ['dist/test/**/*.test.js'],
          exclude: parts,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          teardownTimeout: 30_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
