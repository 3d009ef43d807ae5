/**
 * Bytes that a program allocates on the JavaScript heap, counted by V8's own sampling profiler, garbage
 * included. A count and no time: it says the same on a busy machine.
 */
import { Session } from 'node:inspector/promises';
import type { HeapProfiler } from 'node:inspector';

/** Mean distance of two samples: small, so that the sum over some thousand requests is steady. */
const SAMPLE_BYTES = 256;

let session: Session | null = null;

export async function startHeapSamples(): Promise<void> {
  session = new Session();
  session.connect();
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: SAMPLE_BYTES,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  });
}

/** Bytes since the start that were allocated within calls of functions of files that end in `file`. */
export async function stopHeapSamples(file: string): Promise<number> {
  if (session === null) throw new Error('BUG: no heap samples were started');
  const { profile } = await session.post('HeapProfiler.stopSampling');
  session.disconnect();
  session = null;
  return bytesWithin(profile.head, file, false);
}

function bytesWithin(node: HeapProfiler.SamplingHeapProfileNode, file: string, inside: boolean): number {
  const within = inside || node.callFrame.url.endsWith(file);
  let bytes = within ? node.selfSize : 0;
  for (const child of node.children) bytes += bytesWithin(child, file, within);
  return bytes;
}
