/** What every Sink must hold together with its runner (src/sink/sink.ts). Run by sink.test.ts for each. */
import { describe, expect, it } from 'vitest';
import { nullLogger } from '../../src/model/log.js';
import type { Sink } from '../../src/sink/sink.js';
import { SinkRunner } from '../../src/sink/sink-runner.js';
import { row, TableFixture } from '../fixtures/tables.js';
import { until } from '../fixtures/until.js';

export interface SinkUnderTest {
  readonly sink: Sink;
  /** From now on no write ends before the result is called. */
  hold(): () => void;
  /** Values of the cell `a` of row `r` that the sink has taken, the oldest first. */
  taken(): readonly number[];
}

class World {
  readonly fixture = new TableFixture({ sources: ['s1', 's2'] });
  readonly under: SinkUnderTest;
  readonly runner: SinkRunner;
  #timeMs = 1_700_000_000_000;

  constructor(make: (fixture: TableFixture) => SinkUnderTest) {
    this.under = make(this.fixture);
    const { fabric } = this.fixture;
    const pin = (): (() => void) => fabric.pinSource('s1');
    this.runner = new SinkRunner(this.under.sink, fabric, { sources: ['s1'], pin, log: nullLogger });
  }

  publish(a: number, source = 's1'): void {
    this.fixture.publish(source, [row('r', { a }, (this.#timeMs += 1000))]);
  }

  async settled(writes: number): Promise<void> {
    await until(`${writes} writes`, () => this.runner.counts.written === writes);
  }
}

export function runSinkCase(name: string, make: (fixture: TableFixture) => SinkUnderTest): void {
  describe(`sink: ${name}`, () => {
    it('takes each publish of its source and no other', async () => {
      const world = new World(make);
      for (let i = 1; i <= 3; i++) {
        world.publish(i);
        world.publish(100 + i, 's2');
        await world.settled(i);
      }
      expect(world.under.taken()).toEqual([1, 2, 3]);
      expect(world.runner.counts).toEqual({ written: 3, dropped: 0, failed: 0 });
    });

    it('is called once at a time, and holds its pin until the write has settled, no longer', async () => {
      const world = new World(make);
      const release = world.under.hold();
      world.publish(1);
      await new Promise((resolve) => setImmediate(resolve));
      world.publish(2);
      // The bank of the write under way, and of `every` that of the one that waits, cannot be filled.
      expect(() => world.publish(3)).toThrow(/pinned bank/);
      release();
      await world.settled(2);
      for (let i = 4; i < 8; i++) {
        world.publish(i);
        await world.settled(i - 1);
      }
      expect(world.under.taken()).toEqual([1, 2, 4, 5, 6, 7]);
    });

    it('stops behind the write under way and takes nothing afterwards', async () => {
      const world = new World(make);
      const release = world.under.hold();
      world.publish(1);
      await new Promise((resolve) => setImmediate(resolve));
      const stopped = world.runner.stop();
      release();
      await stopped;
      world.publish(2);
      world.publish(3);
      world.publish(4);
      await new Promise((resolve) => setImmediate(resolve));
      expect(world.under.taken()).toEqual([1]);
    });
  });
}
