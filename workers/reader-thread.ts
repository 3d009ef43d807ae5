/** A thread that serves clients beside main (`readers`). Never terminated: it is told to close. */
import { parentPort, workerData } from 'node:worker_threads';
import { runReader, type ReaderStart } from '../src/server/reader/run-reader.js';

if (!parentPort) throw new Error('BUG: reader-thread runs only as a worker thread');
runReader(parentPort, workerData as ReaderStart);
