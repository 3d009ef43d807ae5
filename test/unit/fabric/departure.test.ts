/** Sources that leave the table, with settle jobs that run at once, or fail. */
import { describe, expect, test } from 'vitest';
import { departFrom } from '../../../src/fabric/departure.js';
import { settle, type SettleTask } from '../../../src/fabric/settle.js';
import type { JobResult, JobRunner } from '../../../src/model/jobs.js';
import { row, TableFixture, type Row } from '../../fixtures/tables.js';

const rows = (value: number, ...ids: string[]): Row[] => ids.map((id) => row(id, { a: value }));

/** Fails so often, then settles; `exit` ends the threads that were lost. */
class ScriptedJobs {
  failures = 0;
  runs = 0;
  readonly #exits: (() => void)[] = [];

  readonly runner = {
    run: (_name: string, task: SettleTask): Promise<JobResult<unknown>> => {
      this.runs++;
      if (this.failures-- <= 0) return Promise.resolve({ ok: true, value: settle(task), runMs: 0 });
      const exited = new Promise<void>((resolve) => this.#exits.push(resolve));
      return Promise.resolve({ ok: false, reason: 'worker', message: 'lost', exited });
    },
  } as unknown as JobRunner;

  exit(): void {
    for (const resolve of this.#exits.splice(0)) resolve();
  }
}

function setUp() {
  const fixture = new TableFixture({ sources: ['x', 'y', 'z'] });
  fixture.publish('x', rows(1, 'x1', 'both'), { dataTsMs: 3_000 });
  fixture.publish('y', rows(2, 'y1', 'both'), { dataTsMs: 2_000 });
  fixture.publish('z', rows(3, 'z1', 'both'), { dataTsMs: 1_000 });
  const { fabric, free } = fixture;
  const jobs = new ScriptedJobs();
  const depart = (...ids: string[]) =>
    departFrom(
      { fabric, free, jobs: jobs.runner },
      ids.map((id) => fabric.sources.find((source) => source.id === id)!),
      60_000,
    );
  const inUse = (): number => free.stats.sharedBytes - free.stats.freeBytes;
  return { fixture, fabric, jobs, depart, inUse };
}

function served({ fixture }: { readonly fixture: TableFixture }): string {
  const all: string[] = [];
  const { table } = fixture;
  table.forEachRow((part, slot) => {
    all.push(`${table.keyText(part, slot)}@${table.parts[part]!.ref.sourceId}`);
    return true;
  });
  return all.join(' ');
}

describe('a source that leaves', () => {
  test('takes its rows along; what others report too is served from these', async () => {
    const world = setUp();
    const { fabric, jobs, depart, inUse } = world;
    expect(served(world)).toBe('x1@x both@x y1@y z1@z');
    const [before, bytes] = [fabric.snapshotId, inUse()];
    expect(await depart('y', 'z')).toBeNull();
    expect(served(world)).toBe('y1@y both@y z1@z');
    expect([fabric.version, fabric.table!.rowsTotal, fabric.table!.sharedRows, jobs.runs]).toEqual([
      4, 3, 1, 1,
    ]);
    expect(fabric.resolveSince(before).kind).toBe('changed');
    expect(fabric.mounted('x')).toBeNull();
    expect(inUse()).toBeLessThan(bytes);
    // The next publish goes on with the index that was made: y lost the row, and z has an older sample.
    world.fixture.publish('y', rows(2, 'y1'), { dataTsMs: 4_000 });
    expect([served(world), world.fixture.heldRows]).toEqual(['y1@y both@y z1@z', 1]);
    world.fixture.publish('z', rows(3, 'z1', 'both'), { dataTsMs: 5_000 });
    world.fixture.publish('y', rows(2, 'y1'), { dataTsMs: 6_000 });
    expect(served(world)).toBe('y1@y z1@z both@z');
  });

  test('needs no job when one stays, or none; a table of none is empty', async () => {
    const world = setUp();
    expect(await world.depart('z')).toBeNull();
    expect([served(world), world.fabric.merged]).toEqual(['z1@z both@z', null]);
    expect(await world.depart()).toBeNull();
    expect([world.fabric.table!.parts.length, world.fabric.table!.rowsTotal, world.jobs.runs]).toEqual([
      0, 0, 0,
    ]);
    expect(world.inUse()).toBe(0);
  });

  test('stays when its job is lost, and nobody publishes before that thread has ended', async () => {
    const world = setUp();
    const { fabric, jobs, depart, inUse } = world;
    const [bytes, version] = [inUse(), fabric.version];
    jobs.failures = 1;
    expect(await depart('y', 'z')).toMatchObject({ ok: false, message: 'lost' });
    expect([served(world), fabric.version]).toEqual(['x1@x both@x y1@y z1@z', version]);
    let entered = false;
    const turn = fabric.turns.enter().then((leave) => {
      entered = true;
      leave();
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect([entered, inUse() > bytes]).toEqual([false, true]);
    jobs.exit();
    await turn;
    expect(inUse()).toBe(bytes);
    expect(await depart('y', 'z')).toBeNull();
    expect(served(world)).toBe('y1@y both@y z1@z');
  });

  test('that had not published changes nothing that is served', async () => {
    const fixture = new TableFixture({ sources: ['x', 'late'] });
    fixture.publish('x', rows(1, 'x1'));
    const { fabric, free } = fixture;
    const { snapshotId } = fabric;
    const jobs = new ScriptedJobs();
    await departFrom({ fabric, free, jobs: jobs.runner }, [fabric.sources[0]!], 60_000);
    expect([fabric.snapshotId, fabric.sources.length, jobs.runs]).toEqual([snapshotId, 1, 0]);
  });
});
