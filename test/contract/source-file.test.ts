import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../src/model/clock.js';
import { FileSource } from '../../src/source/file.js';
import { seededRandom } from '../fixtures/fake-clock.js';
import { SinkLedger } from '../fixtures/memory-sink.js';
import { describeSource, type SourceHarness } from './source.case.js';

async function open(): Promise<SourceHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-file-'));
  const path = join(folder, 'saved.csv');
  const ledger = new SinkLedger();
  let writing: Promise<unknown> = Promise.resolve();
  const outcomes: string[] = [];
  const options = {
    id: 'saved',
    url: pathToFileURL(path).href,
    intervalMs: 10,
    timeoutMs: 5_000,
    bodyBytesMax: 1e6,
    decodedBytesMax: 1e6,
    headers: {},
  };
  const source = new FileSource(options, {
    clock: systemClock,
    random: seededRandom(1),
    allocate: ledger.allocate,
    observer: { polled: ({ outcome }) => outcomes.push(outcome), skipped: () => {}, breaker: () => {} },
  });
  const next = async (): Promise<void> => {
    const from = outcomes.length;
    while (outcomes.length === from) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  return {
    source,
    offer(text) {
      writing = writing.then(() => writeFile(path, text));
    },
    async breakUpstream() {
      await writing;
      await rm(path, { force: true });
      await next();
    },
    /** A file that was taken is not read again: the next look finds it unchanged. */
    async acknowledged() {
      const { allocated } = ledger;
      while (outcomes.at(-1) !== 'not_modified') {
        if (ledger.allocated > allocated) return false;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      return true;
    },
    held: () => ledger.held,
    connections: () => 0,
    async close() {
      await writing;
      await rm(folder, { recursive: true });
    },
  };
}

describeSource('file', open);
