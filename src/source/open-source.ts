/** The registry of polled sources: which one reads a URL. */

import type { BreakerState } from './breaker.js';
import { FileSource } from './file.js';
import { HttpPollSource, type HttpPollTools } from './http-poll.js';
import type { HttpPollOptions } from './poll-report.js';
import type { Source } from './source.js';

/** A source with a schedule of its own. */
export interface PolledSource extends Source {
  readonly breakerState: BreakerState;
}

export function openSource(options: HttpPollOptions, tools: HttpPollTools): PolledSource {
  return options.url.startsWith('file:')
    ? new FileSource(options, tools)
    : new HttpPollSource(options, tools);
}
