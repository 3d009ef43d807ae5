/**
 * Whatever happens, in whatever order: a client that applies its frames has, at each moment, exactly
 * the rows that its selection had at the snapshot it names. Every step has its own seed, so that a
 * failing run shrinks to the steps that matter.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LiveClient, type LiveValue, type LiveView } from '../fixtures/live-client.js';
import { LiveHarness, type TestTransport } from '../fixtures/live-hub.js';
import { Dice, LiveWorld, ROW_IDS, type Truth } from '../fixtures/live-world.js';

interface Selection {
  readonly switches: readonly string[] | null;
  readonly metrics: readonly string[] | null;
  readonly int64: 'string' | 'number';
}

interface Watcher {
  transport: TestTransport;
  connected: boolean;
  readonly selections: Map<string, Selection>;
}

const ACTIONS = [
  ...Array<string>(8).fill('publish'),
  ...Array<string>(8).fill('run'),
  ...Array<string>(3).fill('settle'),
  ...Array<string>(3).fill('subscribe'),
  ...['finish job', 'finish job', 'fail job', 'fill', 'fill', 'drop', 'free', 'drain', 'drain'],
  ...['connect', 'leave', 'leave', 'time', 'time', 'time', 'time', 'unsubscribe', 'many publishes'],
] as const;

const WATCHERS = 3;

class Play {
  readonly world: LiveWorld;
  readonly harness: LiveHarness;
  readonly watchers: Watcher[] = [];

  constructor(seed: number) {
    const dice = new Dice(seed);
    this.world = new LiveWorld(dice);
    const limits = {
      partBytes: dice.pick([1, 200, 2_000, 100_000]),
      inlineCellsMax: dice.pick([0, 20, 2_000]),
      slowClientMs: 120_000,
    };
    this.harness = new LiveHarness(this.world.fixture, limits, dice.pick([0, 3_000, 2 ** 28]));
    for (let i = 0; i < WATCHERS; i++) this.#connect();
  }

  #connect(): void {
    if (this.watchers.length >= WATCHERS + 2) return;
    const transport = this.harness.connect();
    this.watchers.push({ transport, connected: true, selections: new Map() });
  }

  async step(action: string, dice: Dice): Promise<void> {
    const watcher = dice.pick(this.watchers);
    const { transport } = watcher;
    switch (action) {
      case 'publish':
        return this.#publish(dice);
      case 'many publishes':
        for (let i = 0; i < 70; i++) await this.#publish(dice, true);
        return;
      case 'run':
        return this.harness.run(1 + dice.below(4));
      case 'settle':
        return this.harness.settle();
      case 'subscribe':
        return this.#subscribe(watcher, dice);
      case 'unsubscribe':
        return this.#unsubscribe(watcher, dice);
      case 'finish job':
        this.harness.jobs.finish(1);
        return this.harness.settle();
      case 'fail job':
        if (this.harness.jobs.pending.length > 0) {
          this.harness.jobs.fail(dice.pick(['overloaded', 'timeout', 'worker'] as const));
        }
        return;
      case 'fill':
        transport.mode = 'full';
        return;
      case 'drop':
        transport.mode = 'dropping';
        return;
      case 'free':
        transport.mode = 'free';
        return transport.drain();
      case 'drain':
        return transport.drain();
      case 'connect':
        return this.#connect();
      case 'leave':
        return this.#leaveAndReturn(watcher, dice);
      case 'time':
        return this.world.fixture.clock.advance(dice.pick([10, 300, 5_000, 16_000, 16_000]));
    }
    throw new Error(`no such action: ${action}`);
  }

  #publish(dice: Dice, calm = false): Promise<void> {
    const whenPinned = (): Promise<void> => {
      this.harness.jobs.finish(1);
      return this.harness.settle();
    };
    return this.world.publish(dice, whenPinned, calm);
  }

  #subscribe(watcher: Watcher, dice: Dice): void {
    const id = `s${dice.below(3)}`;
    // What is under way belongs to the subscription before: a client could not tell it apart.
    if (!watcher.connected || watcher.transport.waiting.length > 0) return;
    const fields = this.world.truth?.fields ?? [];
    const selection: Selection = {
      switches: dice.pick([
        null,
        dice.some(ROW_IDS, 0.2),
        dice.some(ROW_IDS, 0.2),
        ['sw-1*'],
        ['sw-1*', 'sw-3', 'port*', 'nobody'],
      ]),
      metrics: dice.chance(0.4) ? dice.some(fields, 0.5).reverse() : null,
      int64: dice.pick(['string', 'number'] as const),
    };
    if (selection.switches?.length === 0 || selection.metrics?.length === 0) return;
    watcher.selections.set(id, selection);
    watcher.transport.client.expect(id);
    this.#ask(watcher, id, dice.chance(0.3) ? dice.pick([0.2, 5, 1000]) : undefined);
  }

  #ask(watcher: Watcher, id: string, maxHz?: number, since?: string): void {
    const { switches, metrics, int64 } = watcher.selections.get(id)!;
    watcher.transport.say({
      op: 'subscribe',
      id,
      int64,
      ...(switches && { switches }),
      ...(metrics && { metrics }),
      ...(maxHz && { max_hz: maxHz }),
      ...(since !== undefined && { since }),
    });
  }

  #unsubscribe(watcher: Watcher, dice: Dice): void {
    const id = dice.pick([...watcher.selections.keys()]);
    if (id === undefined || !watcher.connected || watcher.transport.waiting.length > 0) return;
    watcher.transport.say({ op: 'unsubscribe', id });
    watcher.transport.client.forget(id);
    watcher.selections.delete(id);
  }

  /** The connection breaks: what waits is lost. Later the client comes back with what it has. */
  #leaveAndReturn(watcher: Watcher, dice: Dice): void {
    if (watcher.connected) {
      watcher.transport.session!.closed();
      watcher.transport.waiting.length = 0;
      watcher.connected = false;
      return;
    }
    const { views } = watcher.transport.client;
    watcher.transport = this.harness.connect(new LiveClient());
    watcher.connected = true;
    for (const [id] of watcher.selections) {
      const view = views.get(id)!;
      watcher.transport.client.expect(id, view);
      const since = dice.chance(0.05) ? 'otherboot-3' : (view.snapshotId ?? undefined);
      this.#ask(watcher, id, undefined, since);
    }
  }

  check(): void {
    expect(this.harness.bugs).toEqual([]);
    for (const { transport, selections } of this.watchers) {
      for (const violation of transport.violations) throw violation;
      // A metric that had gone when the client came back: it has no such subscription any more.
      for (const { id, error } of transport.client.errors.splice(0)) {
        expect(error).toBe('unknown_metric');
        transport.client.forget(id!);
        selections.delete(id!);
      }
      for (const [id, view] of transport.client.views) this.#checkView(view, selections.get(id)!);
    }
  }

  #checkView(view: LiveView, selection: Selection): void {
    if (view.snapshotId === null) return;
    const truth = this.world.truths.get(Number(view.snapshotId.split('-')[1]))!;
    const wanted = selected(truth, selection);
    expect(view.fields).toEqual(wanted.fields);
    const wrong = differences(view.rows, wanted.rows);
    expect(wrong, `at ${view.snapshotId}, after ${view.history.join(', ')}`).toEqual([]);
  }

  /** All obstacles go away: every client must come to the newest state, and stay there. */
  async end(): Promise<void> {
    for (const watcher of this.watchers) {
      if (!watcher.connected) this.#leaveAndReturn(watcher, new Dice(1));
      watcher.transport.mode = 'free';
      watcher.transport.drain();
    }
    for (let second = 0; second < 80; second++) {
      await this.harness.complete();
      await this.world.fixture.clock.advance(1_000);
    }
    await this.harness.complete();
    this.check();
    const { truth, version } = this.world;
    if (!truth) return;
    for (const { transport, selections } of this.watchers) {
      expect(transport.closedWith).toBeNull();
      for (const [id, view] of transport.client.views) {
        expect(view.snapshotId).toBe(`world-${version}`);
        this.#checkView(view, selections.get(id)!);
      }
    }
  }
}

function selected(
  truth: Truth,
  { switches, metrics, int64 }: Selection,
): { fields: string[]; rows: LiveView['rows'] } {
  const fields = metrics ? metrics.filter((name) => truth.fields.includes(name)) : [...truth.fields];
  const admits = (key: string): boolean =>
    !switches || switches.some((one) => (one.endsWith('*') ? key.startsWith(one.slice(0, -1)) : key === one));
  const shown = (value: LiveValue): LiveValue =>
    typeof value === 'bigint' && int64 === 'string' ? String(value) : value;
  const rows: LiveView['rows'] = new Map();
  for (const [key, cells] of truth.rows) {
    if (admits(key)) rows.set(key, new Map(fields.map((field) => [field, shown(cells.get(field)!)])));
  }
  return { fields, rows };
}

/** `row field: is / should be` for each cell that differs; no field for a whole row. */
function differences(rows: LiveView['rows'], wanted: LiveView['rows']): string[] {
  const wrong: string[] = [];
  for (const key of new Set([...rows.keys(), ...wanted.keys()])) {
    const cells = rows.get(key);
    const others = wanted.get(key);
    if (!cells || !others) wrong.push(`${key}: ${cells ? 'is' : 'is not'} there`);
    else {
      for (const [field, value] of others) {
        if (cells.get(field) !== value) wrong.push(`${key} ${field}: ${cells.get(field)} / ${value}`);
      }
    }
  }
  return wrong;
}

const step = fc.record({ action: fc.constantFrom(...ACTIONS), seed: fc.nat() });

test('applied diffs equal the table, through slowness, loss, resume and new generations', async () => {
  const histories = new Map<string, number>();
  const property = fc.asyncProperty(
    fc.nat(),
    fc.array(step, { minLength: 20, maxLength: 80, size: 'max' }),
    async (seed, steps) => {
      const play = new Play(seed);
      for (const { action, seed: own } of steps) {
        await play.step(action, new Dice(own));
        play.check();
      }
      await play.end();
      for (const { transport } of play.watchers) {
        for (const { history } of transport.client.views.values()) {
          for (const one of history) histories.set(one, (histories.get(one) ?? 0) + 1);
        }
      }
    },
  );
  await fc.assert(property, { seed: 20260101, numRuns: 150 });
  // The runs mean something: every kind of frame was applied.
  const kinds = ['subscribed', 'diff', 'heartbeat', 'schema', 'rebuilt', 'dense', 'too_old', 'gap'];
  for (const kind of kinds) expect(histories.get(kind) ?? 0, kind).toBeGreaterThan(0);
}, 120_000);
