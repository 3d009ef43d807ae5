/**
 * The hot loops that JavaScript cannot make fast enough (64-bit integers, sixteen bytes at a time) are
 * WebAssembly, compiled from the AssemblyScript in assembly/. This file is the only one that starts it.
 *
 * A kernel has one linear memory, private to the thread: bytes are copied in by blocks that stay in the
 * processor's cache, and results are copied out. It reads and writes nothing else, so what it cannot do
 * (a rare cell, a full table) it hands back to the TypeScript that called it.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bug } from '../model/errors.js';

/** What of WebAssembly is used here: the compiler's library of browser types is not. */
interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
interface WasmApi {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
}

export const PAGE_BYTES = 65_536;

export interface Kernel<Functions> {
  readonly functions: Functions;
  /** The whole linear memory; it never moves, because it is sized once, here. */
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
}

/** Starts assembly/<name>.ts with at least `bytes` of memory. Each thread starts its own. */
export function loadKernel<Functions>(name: string, bytes: number): Kernel<Functions> {
  const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly?: WasmApi };
  if (wasm === undefined) bug('cannot start without WebAssembly (is Node running with --jitless?)');
  const code = readFileSync(fileURLToPath(new URL(`./${name}.wasm`, import.meta.url)));
  // Compiled at once and on this thread: a few kilobytes, once for each thread.
  const { exports } = new wasm.Instance(new wasm.Module(code), {});
  const memory = exports['memory'] as WasmMemory;
  const pages = Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES);
  if (pages > 0 && memory.grow(pages) < 0) bug(`cannot give the ${name} kernel ${bytes} bytes`);
  const { buffer } = memory;
  return {
    functions: exports as Functions,
    u8: new Uint8Array(buffer),
    i32: new Int32Array(buffer),
    f64: new Float64Array(buffer),
  };
}
