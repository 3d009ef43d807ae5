/** autocannon in a process of its own: as many requests as the server answers. */
import autocannon from 'autocannon';
import { answerParent } from './answer.js';
import { summarize, type Latencies } from './latencies.js';

export interface LoadOrder {
  readonly url: string;
  readonly paths: readonly string[];
  readonly connections: number;
  /** How many requests in all. */
  readonly amount: number;
}

export interface LoadResult {
  readonly seconds: number;
  readonly latencyUs: Latencies;
}

async function load({ url, paths, connections, amount }: LoadOrder): Promise<LoadResult> {
  const us = new Float64Array(amount);
  let count = 0;
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const options: autocannon.Options = {
      url,
      connections,
      amount,
      timeout: 10,
      requests: paths.map((path) => ({ path })),
    };
    const instance = autocannon(options, (error: Error | null, done: autocannon.Result) =>
      error ? reject(error) : resolve(done),
    );
    // autocannon's own histogram holds whole milliseconds.
    instance.on('response', (_client, _status, _bytes, ms) => {
      if (count < amount) us[count++] = ms * 1000;
    });
  });
  const bad = result.non2xx + result.errors + result.timeouts;
  if (bad > 0 || count !== amount) {
    throw new Error(`${count} of ${amount} requests were answered, ${bad} not with 200 (${url}${paths[0]})`);
  }
  return { seconds: result.duration, latencyUs: summarize(us.subarray(0, count)) };
}

answerParent({ load });
