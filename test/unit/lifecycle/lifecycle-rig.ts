/** Services that do as they are told, and a log that remembers. */

import type { ReportFailure, Service } from '../../../src/lifecycle/service.js';
import type { SupervisionOptions } from '../../../src/lifecycle/supervised.js';
import type { LogFields, Logger } from '../../../src/model/log.js';
import { FakeClock } from '../../fixtures/fake-clock.js';

export class ScriptedService implements Service {
  readonly name: string;
  readonly #events: string[];
  /** What the next starts and stops do; done at once when the list is empty. */
  starts: (() => Promise<void>)[] = [];
  stops: (() => Promise<void>)[] = [];
  fail: ReportFailure = () => {};
  /** Started and not stopped: the contract says never above 1. */
  alive = 0;

  constructor(name: string, events: string[]) {
    this.name = name;
    this.#events = events;
  }

  async start(fail: ReportFailure): Promise<void> {
    this.#events.push(`start ${this.name}`);
    await this.starts.shift()?.();
    this.alive += 1;
    this.fail = fail;
    this.#events.push(`started ${this.name}`);
  }

  async stop(): Promise<void> {
    this.#events.push(`stop ${this.name}`);
    await this.stops.shift()?.();
    this.alive -= 1;
    this.#events.push(`stopped ${this.name}`);
  }
}

export class MemoryLog implements Logger {
  readonly lines: { level: string; event: string; fields: LogFields }[] = [];

  debug = this.#at('debug');
  info = this.#at('info');
  warn = this.#at('warn');
  error = this.#at('error');
  fatal = this.#at('fatal');

  child(): Logger {
    return this;
  }

  events(): readonly string[] {
    return this.lines.map(({ event }) => event);
  }

  #at(level: string): (event: string, fields?: LogFields) => void {
    return (event, fields = {}) => void this.lines.push({ level, event, fields });
  }
}

export function rig(random = (): number => 0.5): {
  clock: FakeClock;
  log: MemoryLog;
  events: string[];
  options: SupervisionOptions;
} {
  const clock = new FakeClock();
  const log = new MemoryLog();
  const options = {
    clock,
    random,
    log,
    backoffBaseMs: 100,
    backoffCapMs: 1000,
    healthyMs: 10_000,
    stopTimeoutMs: 500,
  };
  return { clock, log, events: [], options };
}

/** A promise that a test settles. */
export function gate(): { promise: Promise<void>; open: () => void; refuse: (error: Error) => void } {
  let open = (): void => {};
  let refuse = (_: Error): void => {};
  const promise = new Promise<void>((resolve, reject) => {
    open = resolve;
    refuse = reject;
  });
  return { promise, open, refuse };
}
