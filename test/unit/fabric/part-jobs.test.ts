import { describe, expect, test } from 'vitest';
import { partRule } from '../../../src/fabric/part-jobs.js';
import type { JobName, JobResult, JobRunner } from '../../../src/model/jobs.js';
import { DEFAULT_PARSE_POLICY } from '../../../src/model/parse-policy.js';
import type { PartTask } from '../../../src/snapshot/part-task.js';
import { ChangingBody } from '../../fixtures/changing-body.js';
import { flush, seededRandom } from '../../fixtures/fake-clock.js';
import { PartRig, ThreadlessJobs } from '../../fixtures/part-rig.js';

/** Lets a test answer the jobs of one step instead of a worker. */
class Scripted implements JobRunner {
  readonly ran: string[] = [];
  readonly #real = new ThreadlessJobs();
  /** Step and part that are the test's. */
  script: Partial<Record<string, () => Promise<JobResult<never>>>> = {};

  run<T>(name: JobName, task: unknown): Promise<JobResult<T>> {
    const { step, index = '' } = task as PartTask & { index?: number };
    const label = name === 'parse' ? 'whole' : `${step}${index}`;
    this.ran.push(label);
    return this.script[label]?.() ?? this.#real.run(name, task);
  }
}

function open(): { jobs: Scripted; rig: PartRig; body: ChangingBody } {
  const jobs = new Scripted();
  const parts = { partsMax: 2, partBytesMin: 1 };
  const rig = new PartRig({ policy: DEFAULT_PARSE_POLICY, jobs, parts });
  return { jobs, rig, body: new ChangingBody(seededRandom(1), 200) };
}

const lost = (exited: Promise<void>) => (): Promise<JobResult<never>> =>
  Promise.resolve({ ok: false, reason: 'timeout', message: 'too slow', exited });

describe('which bodies are read by several jobs', () => {
  test('as many parts as workers, at most 4, of 4 MiB each', () => {
    expect([1, 2, 64].map((workers) => partRule(workers).partsMax)).toEqual([1, 2, 4]);
    expect(partRule(2).partBytesMin).toBe(4 * 2 ** 20);
  });

  test('the first of a generation is read by one', async () => {
    const { jobs, rig, body } = open();
    expect(await rig.deliver(body.next([]))).toBe('ok');
    expect(jobs.ran.splice(0)).toEqual(['whole', 'whole']);
    expect(await rig.deliver(body.next(['cells']))).toBe('ok');
    expect(jobs.ran.splice(0)).toEqual(['rows0', 'rows1', 'finish']);
    await rig.deliver(body.next(['wide']));
    expect(jobs.ran).toEqual(['rows0', 'rows1', 'whole']);
    expect(rig.last).toMatchObject({ generation: 2 });
  });
});

describe('a part that loses its thread', () => {
  test.each(['rows0', 'rows1', 'deferred', 'finish'])(
    '%s: nothing is touched before every job of the step has ended and that thread has exited',
    async (step) => {
      const { jobs, rig, body } = open();
      await rig.deliver(body.next([]));
      let exit = (): void => undefined;
      const exited = new Promise<void>((resolve) => (exit = resolve));
      jobs.script = { [step]: lost(exited) };
      expect(await rig.deliver(body.next(['inserted']))).toBe('timeout: too slow');
      jobs.script = {};
      const ran = jobs.ran.length;
      expect(await rig.deliver(body.next(['cells']))).toMatch(/^skipped/);
      expect(jobs.ran).toHaveLength(ran);
      exit();
      await flush();
      expect(await rig.deliver(body.next(['cells']))).toBe('ok');
      expect(rig.last).toMatchObject({ version: 2, generation: 1 });
    },
  );

  test('the other part is waited for, too', async () => {
    const { jobs, rig, body } = open();
    await rig.deliver(body.next([]));
    let end = (): void => undefined;
    const slow = new Promise<JobResult<never>>((resolve) => {
      end = () => resolve({ ok: true, value: { kind: 'gave_up', why: 'slow' } as never, runMs: 1 });
    });
    jobs.script = { rows0: lost(Promise.resolve()), rows1: () => slow };
    const outcome = rig.deliver(body.next(['cells']));
    await flush();
    expect(await rig.deliver(body.next([]))).toMatch(/^skipped/);
    end();
    expect(await outcome).toBe('timeout: too slow');
  });

  test('memory is the same after many of them', async () => {
    const { jobs, rig, body } = open();
    for (let i = 0; i < 3; i++) await rig.deliver(body.next(['cells']));
    const { sharedBytes } = rig.free.stats;
    for (let i = 0; i < 40; i++) {
      jobs.script = i % 3 === 0 ? { rows1: lost(Promise.resolve()) } : {};
      await rig.deliver(body.next(['cells', 'texts']));
      await flush();
    }
    expect(rig.last!.version).toBeGreaterThan(20);
    expect(rig.last!.generation).toBe(1);
    expect(rig.free.stats.sharedBytes).toBe(sharedBytes);
  });
});
