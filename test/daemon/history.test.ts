/** The history of the real process: over failures, schema changes and slow recordings. */
import { afterAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/model/clock.js';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.js';
import { ConfigFile } from '../fixtures/config-file.js';
import type { HttpClient } from '../fixtures/http-client.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started } from '../fixtures/weft-process.js';

const SLOW = new URL('../fixtures/slow-history-main.js', import.meta.url);
const STEP_S = 10;
const BASE_S = 1_767_268_800;
/** Beyond what doubles hold. */
const HUGE = 2n ** 60n;
const SIMULATED = 'PortXmitPktsExtended';

const started = new Started();
afterAll(() => started.endAll());

interface World {
  readonly weft: HttpClient;
  readonly odd: Upstream;
  readonly sim: Simulator;
}

/** Two sources; weft remembers `errors` of the one and a counter of the other for a minute. */
async function begin(main?: URL): Promise<World> {
  const odd = started.add(await Upstream.start());
  const options = { port: 0, switches: 20, intervalSec: 86_400, dialect: 'ufm' } as const;
  const sim = started.add(
    await startSimulator(options, { clock: systemClock, log: { event: () => undefined } }),
  );
  play(odd, 1);
  const each = { interval_ms: 25, timeout_ms: 500, max_stale_ms: 60_000 };
  const sources = [
    { id: 'odd', url: odd.url(), ...each },
    { id: 'sim', url: `${sim.url}/csv/metrics`, ...each },
  ];
  const history = { columns: ['errors', SIMULATED], window: '60s', rows: 100, max_bytes: '128MiB' };
  const file = started.add(new ConfigFile({ sources, history }));
  const process = await started.weft('serve', { flags: ['--config', file.path], ...(main && { main }) });
  const weft = started.add(await process.client());
  for (const { id } of sources) {
    await until(`a publish of ${id}`, async () => (await weft.source(id)).version >= 1);
  }
  return { weft, odd, sim };
}

const timeOf = (n: number): string => new Date((BASE_S + n * STEP_S) * 1000).toISOString();
const errorsAt = (n: number): bigint => HUGE + BigInt(n * n);

/** Sample `n` of the source that fails; from 5 on with other columns, in another order. */
function play(odd: Upstream, n: number): void {
  const at = BASE_S + n * STEP_S;
  const rows =
    n < 5
      ? `switch_id,timestamp,errors,note\nx,${at},${errorsAt(n)},7\ny,${at},${n},7\n`
      : `switch_id,load,timestamp,errors\nx,0.5,${at},${errorsAt(n)}\ny,0.25,${at},${n + 0.5}\n`;
  odd.body = Buffer.from(rows);
}

type Samples = readonly (readonly [at: string, value: number | bigint | null])[];

async function seriesOf(weft: HttpClient, id: string, query = ''): Promise<Record<string, unknown>> {
  return weft.json(`/telemetry/History?switch_id=${id}&metric=errors${query}`);
}

async function recorded(weft: HttpClient, n: number): Promise<void> {
  await until(`sample ${n} in the history`, async () => {
    const samples = (await seriesOf(weft, 'x'))['samples'] as Samples | undefined;
    return samples?.at(-1)?.[0] === timeOf(n);
  });
}

/** Each publish is a frame, or counted as dropped. */
async function everyPublishCounted({ weft }: World): Promise<number> {
  return until('each publish in the history or counted', async () => {
    const { sources } = await weft.stats();
    const publishes = sources['odd']!.version + sources['sim']!.version;
    const frames = await weft.metric('weft_history_frames');
    const dropped = await weft.metric('weft_history_dropped_total');
    return frames + dropped === publishes && publishes;
  });
}

/** What weft serves of a row of the simulator now. */
async function simulated({ weft }: World): Promise<Record<string, unknown>> {
  const { text, json } = await weft.get(`/telemetry/ListMetrics?fields=${SIMULATED}`);
  const { items } = json;
  expect(items, text).toBeDefined();
  return (items as Record<string, unknown>[]).at(-1)!;
}

async function tick({ sim, weft }: World): Promise<void> {
  const { version } = await weft.source('sim');
  await sim.tick();
  await until('the next tick', async () => (await weft.source('sim')).version > version);
}

describe('a history', () => {
  test('goes on over a source that fails and comes back with another schema', async () => {
    const world = await begin();
    const { weft, odd } = world;
    for (let n = 1; n <= 4; n++) {
      play(odd, n);
      await recorded(weft, n);
    }
    expect(await seriesOf(weft, 'x')).toMatchObject({ kind: 'i64', complete: false });
    const { generation } = await weft.source('odd');

    odd.mode = 'error_500';
    await until('a failed poll', async () => (await weft.source('odd')).last_error !== null);
    const silent = (await seriesOf(weft, 'x'))['samples'] as Samples;
    expect(silent.map(([at]) => at)).toEqual([1, 2, 3, 4].map(timeOf));
    // The other source is remembered meanwhile, each source with the samples of its own.
    const before = await simulated(world);
    await tick(world);
    const after = await simulated(world);
    await everyPublishCounted(world);
    const id = String(after['switch_id']);
    expect(before['switch_id']).toBe(id);
    const { text, json } = await weft.get(
      `/telemetry/Compare?metrics=${SIMULATED}&ago=1&switches=${encodeURIComponent(id)}`,
    );
    expect(json, text).toMatchObject({ total: 1 });
    expect((json['items'] as Record<string, unknown>[])[0]![SIMULATED]).toMatchObject({
      now: after[SIMULATED],
      then: before[SIMULATED],
      status: 'ok',
    });

    odd.mode = 'ok';
    for (let n = 5; n <= 8; n++) {
      play(odd, n);
      await recorded(weft, n);
    }
    expect((await weft.source('odd')).generation).toBeGreaterThan(generation);
    // The window is a minute back from the newest sample: the second.
    const whole = await seriesOf(weft, 'x');
    expect(whole).toMatchObject({ from: timeOf(2), to: timeOf(8), complete: true });
    expect(whole['samples']).toEqual([2, 3, 4, 5, 6, 7, 8].map((n) => [timeOf(n), errorsAt(n)]));
    expect(await seriesOf(weft, 'x', '&limit=2')).toMatchObject({ complete: false });
    const mixed = (await seriesOf(weft, 'y'))['samples'] as Samples;
    expect(mixed.map(([, value]) => value)).toEqual([2, 3, 4, 5.5, 6.5, 7.5, 8.5]);
    expect(await everyPublishCounted(world)).toBeGreaterThanOrEqual(10);
    expect(await weft.metric('weft_history_dropped_total')).toBe(0);
  });

  test('is compared over the change of schema, exactly', async () => {
    const world = await begin();
    const { weft, odd } = world;
    for (let n = 1; n <= 7; n++) {
      play(odd, n);
      await recorded(weft, n);
    }
    const answer = await weft.json('/telemetry/Compare?metrics=errors&ago=60s&sort=-errors&limit=2');
    const pair = { status: 'ok', then_at: timeOf(1), interval_ms: 60_000 };
    expect(answer['items']).toEqual([
      {
        switch_id: 'x',
        timestamp: timeOf(7),
        errors: { now: errorsAt(7), then: errorsAt(1), delta: 48, ...pair },
      },
      { switch_id: 'y', timestamp: timeOf(7), errors: { now: 7.5, then: 1, delta: 6.5, ...pair } },
    ]);
    expect(answer['total']).toBe(22);
  });

  test('that is recorded slowly holds the newest sample, and each publish is counted', async () => {
    const world = await begin(SLOW);
    const { weft, odd } = world;
    for (let n = 1; n <= 12; n++) {
      const { version } = await weft.source('odd');
      play(odd, n);
      if (n > 1) await until('the publish', async () => (await weft.source('odd')).version > version);
    }
    await recorded(weft, 12);
    await everyPublishCounted(world);
    const samples = (await seriesOf(weft, 'x'))['samples'] as Samples;
    expect(samples.at(-1)).toEqual([timeOf(12), errorsAt(12)]);
    for (const [at, value] of samples) {
      expect(value).toBe(errorsAt((Date.parse(at) / 1000 - BASE_S) / STEP_S));
    }
  });
});
