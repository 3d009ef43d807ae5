import { describe, expect, test } from 'vitest';
import { LOSSES_MAX, Quarantine, type SetAside } from '../../../src/fabric/quarantine.js';
import { DeliveryError } from '../../../src/model/outcome.js';
import { BodyArena } from '../../../src/snapshot/arena.js';
import { FreeList } from '../../../src/snapshot/free-list.js';
import { FakeClock } from '../../fixtures/fake-clock.js';

const INTERVAL_MS = 100;

class World {
  readonly clock = new FakeClock();
  readonly free = new FreeList(2 ** 24, () => undefined);
  readonly told: SetAside[] = [];
  readonly quarantine = new Quarantine(this.clock, INTERVAL_MS, (event) => this.told.push(event));

  /** What becomes of a body that costs its worker, or does not. */
  async deliver(text: string, isLost: boolean): Promise<string> {
    const body = new BodyArena(this.free, 0, 2 ** 16);
    body.append(new TextEncoder().encode(text));
    try {
      return await this.quarantine.guard(body, (bytes) => {
        bytes.release();
        return isLost ? Promise.reject(new DeliveryError('worker', 'lost', true)) : Promise.resolve('ok');
      });
    } catch (error) {
      return (error as DeliveryError).outcome;
    }
  }

  async lose(text: string, times: number): Promise<void> {
    for (let i = 0; i < times; i++) expect(await this.deliver(text, true)).toBe('worker');
  }
}

describe('a body that ends its worker', () => {
  test('is set aside the third time, and each further time for twice as long', async () => {
    const world = new World();
    await world.lose('bad', LOSSES_MAX);
    for (const [i, retryMs] of [1000, 2000, 4000].entries()) {
      expect(world.told.at(-1)).toMatchObject({ losses: LOSSES_MAX + i, retryMs });
      await world.clock.advance(retryMs - 1);
      expect(await world.deliver('bad', true)).toBe('quarantined');
      expect(await world.deliver('good', false)).toBe('ok');
      await world.clock.advance(1);
      await world.lose('bad', 1);
    }
  });

  test('is forgotten once it can be parsed', async () => {
    const world = new World();
    await world.lose('bad', LOSSES_MAX - 1);
    expect(await world.deliver('bad', false)).toBe('ok');
    await world.lose('bad', LOSSES_MAX - 1);
    expect(world.told).toEqual([]);
    await world.lose('bad', 1);
    expect(world.told).toHaveLength(1);
  });

  test('is one of few that are remembered, and no memory is kept for them', async () => {
    const world = new World();
    await world.lose('first', LOSSES_MAX - 1);
    for (let n = 0; n < 16; n++) await world.lose(`other ${n}`, 1);
    await world.lose('first', 1);
    expect(world.told).toEqual([]);
    expect(world.free.stats.sharedBytes).toBe(world.free.stats.freeBytes);
  });
});
