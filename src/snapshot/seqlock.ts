/**
 * The seqlock of a segment: one writer (a worker, on main's behalf), any number of readers.
 *
 * Main declares INTENT = v before a worker fills bank v & 1, and stores VERSION = v after the
 * result was validated. A reader takes VERSION = v, reads bank v & 1, and accepts what it read when
 * INTENT is still below v + 2: only the fill of v + 2 writes that bank. Readers never wait; a writer
 * that dies has not touched the published bank, and its successor begins the same version again.
 *
 * Cells are plain loads and stores. What orders them are read-modify-writes on INTENT by both sides:
 * a reader whose add comes first in INTENT's order synchronizes with the writer's exchange, so its
 * reads happen before the writer's stores; a reader whose add comes second sees the new INTENT.
 * A bare load there gives no such edge and may fail on ARM64.
 */
import { CONTROL_INTENT, CONTROL_VERSION, CONTROL_WRITER } from './layout.js';

/** The version to read: its bank is complete. Call before any cell is read. */
export function beginRead(i32: Int32Array): number {
  return Atomics.load(i32, CONTROL_VERSION);
}

/** True when nothing read from `version`'s bank since `beginRead` can be torn. */
export function validateRead(i32: Int32Array, version: number): boolean {
  return Atomics.add(i32, CONTROL_INTENT, 0) < version + 2;
}

/** Main, before it dispatches the fill of `version`. Declaring the same version again is allowed. */
export function declareIntent(i32: Int32Array, version: number): void {
  Atomics.exchange(i32, CONTROL_INTENT, version);
}

/** Main, after the fill of `version` was validated. */
export function publishVersion(i32: Int32Array, version: number): void {
  Atomics.exchange(i32, CONTROL_VERSION, version);
}

export function publishedVersion(i32: Int32Array): number {
  return Atomics.load(i32, CONTROL_VERSION);
}

export function declaredIntent(i32: Int32Array): number {
  return Atomics.load(i32, CONTROL_INTENT);
}

/**
 * A job's first act: names the thread that is about to write. Main awaits that thread's exit before
 * it lets another job touch the segment, when the job did not end by itself. 0 = nobody. `part`: of
 * several jobs that fill one bank, each names itself in a word of its own.
 */
export function enterWriter(i32: Int32Array, threadId: number, part = 0): void {
  Atomics.store(i32, CONTROL_WRITER + part, threadId);
}

export function currentWriter(i32: Int32Array): number {
  return Atomics.load(i32, CONTROL_WRITER);
}
