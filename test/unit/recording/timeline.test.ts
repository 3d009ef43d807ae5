import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readTimeline, type ReadOptions, type Timeline } from '../../../src/recording/timeline.js';
import { RecordingFolder, T0_MS } from '../../fixtures/recordings.js';

let folder: RecordingFolder;
let damage: string[];

beforeEach(async () => {
  folder = await RecordingFolder.make();
  damage = [];
});
afterEach(() => folder.close());

async function read(options: Partial<ReadOptions> = {}): Promise<Timeline> {
  await folder.write();
  const given = { folder: folder.path, source: null, skipFailures: false, ...options };
  return readTimeline(given, (line, why) => damage.push(`${line}: ${why}`));
}

const shape = (timeline: Timeline, source = 'a'): (readonly [number, number | null, number | null])[] =>
  timeline.sources
    .get(source)!
    .map(({ atMs, body, failure }) => [atMs - T0_MS, body?.line ?? null, failure?.status ?? null] as const);

describe('a recording', () => {
  test('is what each source answered, when', async () => {
    folder.failure(0, 'status', 404);
    const file = await folder.body(10, 'x\n1\n');
    folder.line(20);
    folder.failure(30, 'timeout', null);
    folder.failure(35, 'redirect', 302);
    await folder.body(40, 'x\n1\n', { file, outcome: 'identical' });
    await folder.body(50, 'y\n', { source: 'b', file: 'bodies/b.csv' });
    const timeline = await read();
    expect(shape(timeline)).toEqual([
      [0, null, 404],
      [10, 2, null],
      [20, 2, null],
      [30, 2, 503],
      [35, 2, 503],
      [40, 2, null],
    ]);
    expect(shape(timeline, 'b')).toEqual([[50, 7, null]]);
    expect([timeline.startMs, timeline.endMs]).toEqual([T0_MS, T0_MS + 50]);
    expect(timeline.sources.get('a')![3]!.failure!.message).toBe('recorded: timeout: cannot fetch: timeout');
    expect(damage).toEqual([]);
  });
  test('may be read for one source, and without its failures', async () => {
    await folder.body(0, 'x\n');
    folder.failure(10, 'status', 500);
    await folder.body(20, 'y\n', { source: 'b' });
    const timeline = await read({ source: 'a', skipFailures: true });
    expect([...timeline.sources.keys()]).toEqual(['a']);
    expect(shape(timeline)).toEqual([[0, 1, null]]);
    expect(timeline.endMs).toBe(T0_MS);
    await expect(read({ source: 'c' })).rejects.toThrow('has no source c (--source); it has: a, b');
  });
  test('never goes back in time, also where the clock did', async () => {
    await folder.body(100, 'x\n');
    await folder.body(50, 'y\n');
    expect(shape(await read()).map(([at]) => at)).toEqual([100, 100]);
  });
});

describe('damage is named with its line, and left out', () => {
  test('cut and foreign lines, missing and cut files', async () => {
    folder.line(0);
    const gone = await folder.body(10, 'x\n1\n');
    await folder.body(20, 'x\n2\n');
    folder.lines.push('{"format":1,"sou\n', '\n', `${'x'.repeat(200_000)}\n`);
    const cut = await folder.body(30, 'x\n3\n');
    await folder.body(40, 'x\n4\n');
    folder.lines.push('{"format":1,"source":"a","ur');
    await rm(join(folder.path, gone));
    await writeFile(join(folder.path, cut), 'x');
    const timeline = await read();
    expect(shape(timeline)).toEqual([
      [20, 3, null],
      [40, 8, null],
    ]);
    expect(damage).toEqual([
      '1: it refers to a body that is not there',
      `2: ${gone} is missing`,
      '4: it is not JSON: cut, or not written by weft record',
      '6: it is longer than 65536 characters',
      `7: ${cut} has 1 bytes, recorded were 4`,
      '9: it is not JSON: cut, or not written by weft record',
    ]);
  });
  test('nothing left, or no index at all, is an error that names the folder', async () => {
    folder.line(0);
    await expect(read()).rejects.toThrow(`cannot replay ${folder.path}: none of its 1 lines`);
    await expect(
      readTimeline({ folder: join(folder.path, 'none'), source: null, skipFailures: false }, () => {}),
    ).rejects.toThrow('it has no index.ndjson');
  });
});
