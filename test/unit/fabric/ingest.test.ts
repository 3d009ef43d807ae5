import { describe, expect, test } from 'vitest';
import { done, REPEATED_TS_MS, reportOf, Rig, worker } from '../../fixtures/ingest-rig.js';

describe('the actor of one source', () => {
  test('surveys the first body, then fills a segment made for it', async () => {
    const rig = new Rig();
    expect(await rig.deliver()).toBe('ok');
    expect(rig.tasks.map(({ target }) => target?.version ?? null)).toEqual([null, 1]);
    expect(rig.generations).toMatchObject([{ generation: 1, why: 'first' }]);
    expect(rig.fabric.table!.find('x', { part: 0, slot: 0 })).toBe(true);
    expect(await rig.deliver()).toBe('ok');
    expect(rig.publishes.map(({ version, generation }) => [version, generation])).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });

  test('hands the published body to the next job, and releases it when it is replaced', async () => {
    const rig = new Rig();
    const first = rig.body('first');
    await rig.deliver(first);
    const afterFirst = rig.inUse;
    await rig.deliver(rig.body('second'));
    expect(rig.tasks.at(-1)!.previous).toEqual({ buffer: first.bytes.buffer, byteLength: 5 });
    expect(rig.inUse).toBe(afterFirst);
  });

  test('an identical body moves the age and nothing else', async () => {
    const rig = new Rig();
    await rig.deliver(rig.body('same', 1000));
    rig.answer = () => done({ kind: 'identical' });
    const inUse = rig.inUse;
    expect(await rig.deliver(rig.body('same', 5000))).toBe('identical');
    expect(rig.fabric.snapshotId).toBe('boot1-1');
    expect(rig.status.dataTsMs).toBe(5000);
    expect(rig.inUse).toBe(inUse);
    rig.answer = worker(['id', 'a'], ['x']);
    expect(await rig.deliver()).toBe('ok');
    expect(rig.publishes.at(-1)!.version).toBe(2);
  });

  test('other bytes without one different cell are identical, and the version is filled again', async () => {
    const rig = new Rig();
    await rig.deliver(rig.body('1.0', REPEATED_TS_MS));
    expect(await rig.deliver(rig.body('1.00', REPEATED_TS_MS))).toBe('identical');
    expect(rig.fabric.snapshotId).toBe('boot1-1');
    expect(await rig.deliver(rig.body('2.0'))).toBe('ok');
    expect(rig.publishes.map(({ version }) => version)).toEqual([1, 2]);
  });

  test('bodies of an upstream with ETags are not kept', async () => {
    const rig = new Rig();
    await rig.deliver(rig.body('first', null, true));
    expect(rig.inUse).toBe(rig.ingest.segment!.ref.buffer.byteLength);
    await rig.deliver(rig.body('second', null, true));
    expect(rig.tasks.at(-1)!.previous).toBeNull();
  });

  test('a new header makes a new generation that continues the versions', async () => {
    const rig = new Rig();
    await rig.deliver();
    rig.answer = worker(['id', 'a', 'b'], ['x', 'y']);
    expect(await rig.deliver()).toBe('ok');
    expect(rig.publishes.at(-1)).toMatchObject({ version: 2, generation: 2 });
    expect(rig.fabric.table!.schema.columns.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  test('a new header is refused when the policy says so; what is served stays', async () => {
    const rig = new Rig({ schemaChange: 'reject' });
    await rig.deliver();
    rig.answer = worker(['id', 'b'], ['x']);
    expect(await rig.deliver()).toBe('schema');
    expect(rig.fabric.table!.schema.columns.map(({ name }) => name)).toEqual(['a']);
    rig.answer = worker(['id', 'a'], ['x']);
    expect(await rig.deliver()).toBe('ok');
  });

  test('a full segment is replaced by a bigger one with live rows only', async () => {
    const rig = new Rig();
    await rig.deliver();
    const { slotCapacity } = rig.ingest.segment!.ref.spec;
    const rows = Array.from({ length: slotCapacity + 1 }, (_, i) => `row-${i}`);
    rig.answer = worker(['id', 'a'], rows);
    expect(await rig.deliver()).toBe('ok');
    expect(rig.ingest.segment!.ref.spec.slotCapacity).toBeGreaterThan(slotCapacity);
    expect(rig.fabric.table!.find('x', { part: 0, slot: 0 })).toBe(false);
    expect(rig.fabric.table!.rowsTotal).toBe(rows.length);
  });

  test('a refused body leaves what is served, gives its memory back, and the version is filled again', async () => {
    const rig = new Rig();
    await rig.deliver();
    const inUse = rig.inUse;
    const failure = { outcome: 'parse' as const, message: 'line 7', line: 7, column: null, offset: null };
    rig.answer = () => done({ kind: 'failed', failure });
    await expect(rig.ingest.deliver(rig.body())).rejects.toThrow('line 7');
    await Promise.resolve();
    expect(rig.inUse).toBe(inUse);
    expect(rig.fabric.snapshotId).toBe('boot1-1');
    rig.answer = worker(['id', 'a'], ['x']);
    expect(await rig.deliver()).toBe('ok');
    expect(rig.publishes.at(-1)!.version).toBe(2);
  });

  test('a schema that never settles is refused after a bounded number of attempts', async () => {
    const rig = new Rig();
    rig.answer = (task) =>
      done({ kind: task.target ? 'misfit' : 'survey', report: reportOf(['id', 'a'], ['x']) });
    expect(await rig.deliver()).toBe('schema');
    expect(rig.tasks.length).toBeLessThan(10);
    await Promise.resolve();
    expect(rig.inUse).toBe(0);
  });

  test('nothing of a lost worker’s job is touched before its thread has exited', async () => {
    const rig = new Rig();
    await rig.deliver();
    const inUse = rig.inUse;
    let exit: () => void = () => undefined;
    const exited = new Promise<void>((resolve) => (exit = resolve));
    rig.answer = () => ({ ok: false, reason: 'timeout', message: 'too slow', exited });
    expect(await rig.deliver()).toBe('timeout');
    expect(rig.inUse).toBeGreaterThan(inUse);
    rig.answer = worker(['id', 'a'], ['x']);
    expect(await rig.deliver()).toBe('skipped');
    expect(rig.fabric.snapshotId).toBe('boot1-1');
    exit();
    await exited;
    await Promise.resolve();
    expect(rig.inUse).toBe(inUse);
    expect(await rig.deliver()).toBe('ok');
    expect(rig.publishes.at(-1)!.version).toBe(2);
  });

  test('a pinned bank is waited for, at most as long as a parse may take', async () => {
    const rig = new Rig();
    await rig.deliver();
    const unpin = rig.fabric.pin();
    await rig.deliver();
    const late = rig.deliver();
    await rig.clock.advance(1000);
    expect(await late).toBe('skipped');
    const inTime = rig.deliver();
    await rig.clock.advance(500);
    unpin();
    expect(await inTime).toBe('ok');
    expect(rig.publishes.at(-1)!.version).toBe(3);
  });
});
