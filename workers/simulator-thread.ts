/** The simulator's build thread: a message port around BuildLoop. See src/simulator/messages.ts. */

import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../src/model/clock.js';
import { BuildLoop } from '../src/simulator/build-loop.js';
import type { ThreadRequest, ThreadStart } from '../src/simulator/messages.js';

if (!parentPort) throw new Error('BUG: simulator-thread runs only as a worker thread');
const port = parentPort;
const { shape } = workerData as ThreadStart;

const loop = new BuildLoop(shape, systemClock, (reply, transfer) => port.postMessage(reply, transfer));
port.on('message', (request: ThreadRequest) => loop.handle(request));
