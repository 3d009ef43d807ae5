/** A process with one service that takes `process.argv[2]` ms to stop; prints what it does. */

import { exitProcess, hookProcess } from '../../../src/lifecycle/process-hooks.js';
import { Shutdown } from '../../../src/lifecycle/shutdown.js';
import { sleep, systemClock } from '../../../src/model/clock.js';
import { nullLogger } from '../../../src/model/log.js';

const stopMs = Number(process.argv[2]);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

hookProcess(
  new Shutdown({
    stop: async () => {
      say('stopping');
      await sleep(systemClock, stopMs);
      say('stopped');
      return true;
    },
    timeoutMs: 60_000,
    clock: systemClock,
    log: { ...nullLogger, fatal: (event) => say(event) },
    flush: () => Promise.resolve(),
    exit: exitProcess,
  }),
);
say('ready');
if (process.argv[3] === 'throw') setImmediate(() => bomb());
if (process.argv[3] === 'reject') void Promise.reject(new Error('nobody listens'));

function bomb(): never {
  throw new Error('nobody catches');
}
