/** Stats with a clock that is moved by hand, and a view of two sources. */

import type { StatsView } from '../../../src/stats/document.js';
import { Stats } from '../../../src/stats/stats.js';
import { Redactor } from '../../../src/model/redact.js';
import { FakeClock } from '../../fixtures/fake-clock.js';

export const VIEW: StatsView = {
  source: (id) =>
    id === 'a'
      ? {
          state: 'closed',
          version: 3,
          generation: 1,
          rows: 64,
          columns: [{ name: 'cpu_util_pct', kind: 'f64' }],
          ageMs: 812,
          skewMs: -5,
          lastError: 'cannot fetch http://h/c?token=hunter2: tok-1 refused',
        }
      : undefined,
  sharedBytes: () => 4096,
};

export function makeStats(): { stats: Stats; clock: FakeClock } {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const stats = new Stats({
    version: '1.0.0',
    clock,
    endpoints: ['GetMetric', 'ListMetrics'],
    sources: ['a', 'b'],
    redactor: new Redactor(['tok-1']),
    loopDelay: { summary: () => ({ p50: 0.1, p99: 2.5, max: 7 }), close: () => {} },
  });
  return { stats, clock };
}
