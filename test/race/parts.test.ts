/** Two threads that fill one bank at the same time, with texts that neither has seen. */
import { afterEach, expect, test } from 'vitest';
import { DEFAULT_PARSE_POLICY } from '../../src/model/parse-policy.js';
import type { Pool } from '../../src/pool/pool.js';
import { openSegment } from '../../src/snapshot/layout.js';
import { stringTable } from '../../src/snapshot/tables.js';
import { PartRig } from '../fixtures/part-rig.js';
import { poolOf } from '../fixtures/pools.js';

const ROWS = 4096;
const BODIES = 12;
const pools: Pool[] = [];

afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close(5000);
});

/** Every eighth row has texts of this body alone: one that only it has, one that a row of the other half has. */
function bodyOf(n: number): string {
  const lines = Array.from({ length: ROWS }, (_, i) => {
    const m = i % 8 === 0 ? n : 0;
    return `sw-${i},both ${m} ${i % (ROWS / 2)},own ${m} ${i},${n * i},${n + i / 8}`;
  });
  return `switch_id,shared,own,counter,ratio\n${lines.join('\n')}\n`;
}

/** Texts of the table that its index does not lead to: an entry of another writer's was overwritten. */
function textsLost({ ingest }: PartRig): number {
  const views = openSegment(ingest.segment!.ref);
  const table = stringTable(views);
  let lost = 0;
  for (let id = 0; id < table.count; id++) {
    const start = table.startOf(id);
    if (table.find(views.u8, start, start + table.lengthOf(id)) < 0) lost++;
  }
  return lost;
}

test('new texts of two parts at once', async () => {
  const pool = poolOf(2);
  pools.push(pool);
  const policy = { ...DEFAULT_PARSE_POLICY, text: ['shared', 'own'] };
  const whole = new PartRig({ policy });
  const parts = new PartRig({ policy, jobs: pool, parts: { partsMax: 2, partBytesMin: 1 } });
  let split = 0;
  for (let n = 1; n <= BODIES; n++) {
    const body = bodyOf(n);
    expect([await whole.deliver(body), await parts.deliver(body)]).toEqual(['ok', 'ok']);
    expect(textsLost(parts)).toBe(0);
    split = parts.splits.filter((why) => why === null).length;
    expect(JSON.stringify(parts.cells()) === JSON.stringify(whole.cells())).toBe(true);
  }
  expect(split).toBeGreaterThan(BODIES / 2);
});
