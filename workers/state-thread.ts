/** The thread that writes and reads state files: a message port around answer(). It may block on the disk. */
import { parentPort, workerData } from 'node:worker_threads';
import { answer } from '../src/state/answer.js';
import type { NumberedReply, NumberedRequest, StateThreadStart } from '../src/state/messages.js';

if (!parentPort) throw new Error('BUG: state-thread runs only as a worker thread');
const port = parentPort;
const { dir } = workerData as StateThreadStart;

port.on('message', ({ id, request }: NumberedRequest) => {
  const reply: NumberedReply = { id, reply: answer(dir, request) };
  port.postMessage(reply);
});
