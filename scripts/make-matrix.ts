/**
 * Writes one body of the simulator to a file:
 * node dist/scripts/make-matrix.js --rows 50000 --columns 120 --dialect ufm --seed 1 --tick 3 --out file.csv
 */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { buildMatrix, columnNames } from '../src/simulator/matrix.js';
import { isSimulatorDialect, SIMULATOR_DIALECTS } from '../src/simulator/options.js';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '50000' },
    columns: { type: 'string', default: '120' },
    dialect: { type: 'string', default: 'ufm' },
    seed: { type: 'string', default: '1' },
    tick: { type: 'string', default: '0' },
    'change-pct': { type: 'string', default: '60' },
    'na-pct': { type: 'string', default: '0' },
    out: { type: 'string' },
  },
});

try {
  const { dialect, out } = values;
  if (!isSimulatorDialect(dialect))
    throw new Error(`--dialect must be one of ${SIMULATOR_DIALECTS.join(', ')}`);
  if (!out) throw new Error('--out FILE is missing');
  const rows = Number(values.rows);
  const columns = Number(values.columns);
  const body = buildMatrix({
    dialect,
    rows,
    columns,
    seed: Number(values.seed),
    tick: Number(values.tick),
    changePct: Number(values['change-pct']),
    naPct: Number(values['na-pct']),
  });
  writeFileSync(out, body);
  const cells = rows * columnNames(dialect, columns).length;
  console.log(`${out}: ${body.length} bytes, ${rows} rows, ${cells} cells`);
} catch (error) {
  console.error(`cannot make a matrix: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
