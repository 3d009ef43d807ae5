/**
 * The real program in a process of its own: the same code as `weft <arguments>`, and beside it what
 * only a bench asks for. With --expose-gc, what garbage there is does not count as memory.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { main } from '../../src/cli.js';
import { answerParent } from './answer.js';
import { startHeapSamples, stopHeapSamples } from './heap-samples.js';
import { DELAY_RESOLUTION_MS } from './idle-delay.js';

/** Memory in bytes after a full collection, CPU in µs since start. */
export interface MemoryFacts {
  readonly heapUsed: number;
  readonly rss: number;
  readonly arrayBuffers: number;
}

const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });

function collect(): void {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  gc?.();
}

answerParent(
  {
    memory: (): MemoryFacts => {
      collect();
      const { heapUsed, rss, arrayBuffers } = process.memoryUsage();
      return { heapUsed, rss, arrayBuffers };
    },
    /** RSS as it stands: collecting would give pages back that a user has to pay for. */
    rss: () => process.memoryUsage.rss(),
    cpuUs: () => {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
    startHeapSamples,
    /** Bytes allocated since then by functions of this file and what they call. */
    stopHeapSamples,
    watchDelay: () => {
      delay.reset();
      delay.enable();
    },
    /** Largest lateness of a timer since watchDelay, ms. */
    delayMaxMs: () => Math.max(0, delay.max / 1e6 - DELAY_RESOLUTION_MS),
  },
  () => process.kill(process.pid, 'SIGTERM'),
);

await main(process.argv.slice(2));
