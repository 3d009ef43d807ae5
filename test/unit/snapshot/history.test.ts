import { describe, expect, test } from 'vitest';
import { historyNeed } from '../../../src/model/history.js';
import { HistoryRig, seriesOf } from '../../fixtures/history-rig.js';
import { seededRandom } from '../../fixtures/fake-clock.js';
import { row, TableFixture } from '../../fixtures/tables.js';

const ROWS = 600;
const START_MS = 1_700_000_000_000;

/** Values that no packing helps with: every frame is nearly as large as frames can be. */
function play(rig: HistoryRig, publishes: number, rows = ROWS): Map<string, number[]> {
  const fixture = new TableFixture();
  const random = seededRandom(3);
  const past = new Map<string, number[]>();
  for (let n = 0; n < publishes; n++) {
    const timeMs = START_MS + n * 1000;
    const body = Array.from({ length: rows }, (_, r) => {
      const a = random() * 10 ** (r % 15);
      const known = past.get(`row-${r}`) ?? [];
      past.set(`row-${r}`, [...known, a]);
      return row(`row-${r}`, { a }, timeMs + random());
    });
    expect(rig.record(fixture.publish('s1', body), timeMs)).toBe('recorded');
    expect(rig.budget.bytes).toBeLessThanOrEqual(rig.budget.bytesMax);
  }
  return past;
}

describe('the bound of the history', () => {
  test('more than fits: the oldest samples go, what is left is right', () => {
    const rig = new HistoryRig(['a'], 512 * 1024, 1e9);
    const past = play(rig, 80);
    expect(rig.budget.evictions).toBeGreaterThan(0);
    expect(rig.store.frames).toBeGreaterThan(8);
    for (const [key, values] of past) {
      const series = seriesOf(rig.store.reader, key, ['a']).map(({ cells }) => cells[0]);
      expect(series.length).toBe(rig.store.frames + 1);
      expect(series).toEqual(values.slice(-series.length));
    }
  });

  test('what the configuration computes for rows, window and interval holds them at their worst', () => {
    for (const [rows, samples] of [
      [ROWS, 100],
      [40, 300],
      [2000, 20],
    ] as const) {
      const { totalBytes } = historyNeed(1, rows, samples * 1000, 1000, 1);
      const rig = new HistoryRig(['a'], totalBytes, samples * 1000 + 2000);
      play(rig, samples + 60, rows);
      expect(rig.budget.evictions).toBe(0);
      expect(rig.store.frames).toBeGreaterThanOrEqual(samples);
    }
  });
});
