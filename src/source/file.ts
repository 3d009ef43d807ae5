/** A source that reads one saved file, and again whenever the file has changed. */

import { fileURLToPath } from 'node:url';
import type { BreakerState } from './breaker.js';
import { FileExchange } from './exchange/read-file.js';
import { HttpPollSource, type HttpPollTools } from './http-poll.js';
import type { HttpPollOptions } from './poll-report.js';
import type { Deliver, Source } from './source.js';

/**
 * Looks at the file every interval, with the schedule, backoff and breaker of a poll. A file is read
 * once it has stood unchanged for one interval: until then somebody may still be writing it.
 */
export class FileSource implements Source {
  readonly id: string;
  readonly #poll: HttpPollSource;

  /** `options.url` is a file: URL; its headers mean nothing here. */
  constructor(options: HttpPollOptions, tools: Omit<HttpPollTools, 'openExchange'>) {
    const path = fileURLToPath(options.url);
    this.id = options.id;
    this.#poll = new HttpPollSource(options, {
      ...tools,
      openExchange: () => new FileExchange(path, options, tools.clock, tools.allocate),
    });
  }

  get breakerState(): BreakerState {
    return this.#poll.breakerState;
  }

  run(deliver: Deliver, signal: AbortSignal): Promise<void> {
    return this.#poll.run(deliver, signal);
  }
}
