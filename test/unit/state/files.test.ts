/** State files on a real disk: whole, or set aside. */
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bodyBytes, BodyArena } from '../../../src/snapshot/arena.js';
import { FreeList } from '../../../src/snapshot/free-list.js';
import { answer } from '../../../src/state/answer.js';
import type { StateMeta } from '../../../src/state/format.js';
import type { StateReply } from '../../../src/state/messages.js';
import { readStateFile, sealed, StateDir } from '../../fixtures/state-files.js';

const free = new FreeList(2 ** 30, () => {});
const BODY = 'switch_id,a\nsw-0,18446744073709551615\n';
const NAME = 'lab.weftstate';

let dir: StateDir;
beforeEach(() => {
  dir = new StateDir();
  expect(answer(dir.path, { op: 'prepare' })).toEqual({ kind: 'done' });
});
afterEach(() => dir.close());

function metaOf(bytes: number, source = 'lab'): StateMeta {
  return {
    format: 1,
    weft: '1.0.0',
    source,
    received_at_ms: 1_767_225_600_123.5,
    snapshot_ts_ms: null,
    content_type: 'text/csv; charset=utf-8',
    bytes,
  };
}

function write(text = BODY, source = 'lab'): StateReply {
  const arena = new BodyArena(free, 0, 2 ** 24);
  arena.append(Buffer.from(text));
  return answer(dir.path, { op: 'write', meta: metaOf(arena.byteLength, source), body: arena.ref() });
}

/** What a start would make of the file: its body, or why not. */
function restore(bodyBytesMax = 2 ** 24, nowMs = 77): string | StateReply {
  const found = answer(dir.path, { op: 'find', sourceId: 'lab', bodyBytesMax, nowMs });
  if (found.kind !== 'found') return found;
  const arena = BodyArena.ofLength(free, found.meta.bytes);
  const loaded = answer(dir.path, { op: 'load', meta: found.meta, body: arena.ref(), nowMs });
  const text = Buffer.from(bodyBytes(arena.ref())).toString();
  arena.release();
  return loaded.kind === 'done' ? text : loaded;
}

function reasonOf(reply: string | StateReply): string {
  if (typeof reply === 'string' || reply.kind !== 'bad') throw new Error(`not bad: ${JSON.stringify(reply)}`);
  return reply.reason;
}

test('what was written is read again, by weft and by others', () => {
  expect(restore()).toEqual({ kind: 'none' });
  expect(write()).toEqual({ kind: 'done' });
  expect(dir.names()).toEqual([NAME]);
  const { meta, body } = readStateFile(readFileSync(dir.file(NAME)));
  expect(meta).toEqual(metaOf(BODY.length));
  expect(body.toString()).toBe(BODY);
  expect(restore()).toBe(BODY);
  expect(write('switch_id,a\nx,1\n')).toEqual({ kind: 'done' });
  expect(restore()).toBe('switch_id,a\nx,1\n');
});

test('bodies of every size are read again', () => {
  const large = fc.constantFrom(0, 1, 4 * 2 ** 20 - 1, 4 * 2 ** 20, 4 * 2 ** 20 + 1);
  fc.assert(
    fc.property(fc.oneof(fc.nat(3000), large), (bytes) => {
      const text = 'abcdefghij\n'.repeat(bytes / 11 + 1).slice(0, bytes);
      write(text);
      expect(restore() === text).toBe(true);
    }),
    { numRuns: 30, examples: [[4 * 2 ** 20 + 1]] },
  );
});

describe('a damaged file is set aside and named', () => {
  test('any byte that is another', () => {
    write();
    const whole = readFileSync(dir.file(NAME));
    for (let at = 0; at < whole.length; at++) {
      const flipped = Buffer.from(whole);
      flipped[at]! ^= 1 << (at % 8);
      writeFileSync(dir.file(NAME), flipped);
      expect(restore(), `byte ${at}`).toMatchObject({ kind: 'bad', aside: `${dir.file(NAME)}.bad-77` });
    }
    expect(dir.names()).toEqual([`${NAME}.bad-77`]);
  });

  test('cut anywhere, or longer than it was', () => {
    write();
    const whole = readFileSync(dir.file(NAME));
    for (let bytes = 0; bytes < whole.length; bytes++) {
      writeFileSync(dir.file(NAME), whole);
      truncateSync(dir.file(NAME), bytes);
      expect(restore(), `${bytes} bytes`).toMatchObject({ kind: 'bad' });
    }
    writeFileSync(dir.file(NAME), Buffer.concat([whole, Buffer.from('x')]));
    expect(reasonOf(restore())).toContain(`it has ${whole.length + 1} bytes, its head says ${whole.length}`);
  });

  test.each([
    ['of another program', (file: Buffer) => file.write('ELF', 0), 'no state file of weft'],
    ['of a later version', (file: Buffer) => file.writeUInt32LE(2, 8), 'format version 2, this weft reads 1'],
    ['with a huge head', (file: Buffer) => file.writeUInt32LE(2 ** 31, 12), 'metadata of 2147483648 bytes'],
    ['with a huge body', (file: Buffer) => file.writeBigUInt64LE(2n ** 63n, 16), 'its head says'],
    ['whose metadata are no JSON', (file: Buffer) => file.write('[', 24), 'no JSON'],
    ['whose metadata miss something', (file: Buffer) => file.write('"fxrmat"', 25), 'another shape'],
  ])('%s, though its digest fits', (_name, change, reason) => {
    write();
    const file = readFileSync(dir.file(NAME));
    change(file);
    writeFileSync(dir.file(NAME), sealed(file));
    expect(reasonOf(restore())).toContain(reason);
    expect(dir.names()).toEqual([`${NAME}.bad-77`]);
  });

  test('of another source', () => {
    write(BODY, 'other');
    writeFileSync(dir.file(NAME), readFileSync(dir.file('other.weftstate')));
    expect(reasonOf(restore())).toBe("it is of source 'other'");
  });

  test('larger than bodies may be', () => {
    write();
    expect(reasonOf(restore(10))).toContain(`has a body of ${BODY.length} bytes, the limit is 10`);
  });

  test('that is a directory', () => {
    mkdirSync(dir.file(NAME));
    expect(reasonOf(restore())).toBe('it is no file');
  });
});

test('a start removes what interrupted writes left, and nothing else', () => {
  write();
  for (const name of ['lab.weftstate.12.tmp', 'x.tmp', 'lab.weftstate.bad-5', 'notes']) {
    writeFileSync(dir.file(name), 'x');
  }
  expect(answer(dir.path, { op: 'prepare' })).toEqual({ kind: 'done' });
  expect(dir.names()).toEqual([NAME, 'lab.weftstate.bad-5', 'notes', 'x.tmp']);
});

test('what the disk refuses is an answer, and leaves nothing behind', () => {
  write();
  // Its name is taken by a directory: the rename fails behind the whole write.
  rmSync(dir.file(NAME));
  mkdirSync(dir.file(NAME));
  expect(write()).toMatchObject({ kind: 'failed', reason: expect.stringContaining('EISDIR') as unknown });
  expect(dir.names()).toEqual([NAME]);
  rmSync(dir.path, { recursive: true });
  expect(write()).toMatchObject({ kind: 'failed', reason: expect.stringContaining('ENOENT') as unknown });
  expect(restore()).toEqual({ kind: 'none' });
  writeFileSync(dir.path, 'a file');
  expect(answer(dir.path, { op: 'prepare' })).toMatchObject({ kind: 'failed' });
  expect(write()).toMatchObject({ kind: 'failed', reason: expect.stringContaining('ENOTDIR') as unknown });
});
