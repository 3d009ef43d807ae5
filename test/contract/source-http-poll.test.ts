import { systemClock } from '../../src/model/clock.js';
import { HttpPollSource } from '../../src/source/http-poll.js';
import { seededRandom } from '../fixtures/fake-clock.js';
import { SinkLedger } from '../fixtures/memory-sink.js';
import { Upstream } from '../fixtures/upstream.js';
import { describeSource, type SourceHarness } from './source.case.js';

async function open(): Promise<SourceHarness> {
  const upstream = await Upstream.start();
  const ledger = new SinkLedger();
  let offers = 0;
  let polls = 0;
  const options = {
    id: 'fabric-a',
    url: upstream.url(),
    intervalMs: 10,
    timeoutMs: 5_000,
    bodyBytesMax: 1e6,
    decodedBytesMax: 1e6,
    headers: {},
  };
  const source = new HttpPollSource(options, {
    clock: systemClock,
    random: seededRandom(1),
    allocate: ledger.allocate,
    observer: { polled: () => (polls += 1), skipped: () => {}, breaker: () => {} },
  });
  return {
    source,
    offer(text) {
      upstream.mode = 'ok';
      upstream.body = Buffer.from(text);
      upstream.etag = `"${++offers}"`;
    },
    async breakUpstream() {
      upstream.mode = 'error_500';
      const from = polls;
      while (polls === from) await new Promise((resolve) => setTimeout(resolve, 2));
    },
    /** The next request says it: it is conditional on what was acknowledged. */
    async acknowledged() {
      const { etag } = upstream;
      await upstream.seen(upstream.requests.length + 1);
      return upstream.conditionOf(-1) === etag;
    },
    held: () => ledger.held,
    connections: () => upstream.sockets,
    close: () => upstream.close(),
  };
}

describeSource('http-poll', open);
