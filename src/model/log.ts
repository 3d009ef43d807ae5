/** What every part may say, and how; log/ is what carries it out. */

/** From the least to the most severe. `silent` is a threshold only: nothing is written. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** Facts about an event. Values are JSON, Errors or bigints; secrets are removed by the logger. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Structured log: `event` is a stable dotted name (`poll.error`), `fields` what varies, `msg` a
 * sentence for people (the event's name when absent). No method throws or waits.
 */
export interface Logger {
  debug(event: string, fields?: LogFields, msg?: string): void;
  info(event: string, fields?: LogFields, msg?: string): void;
  warn(event: string, fields?: LogFields, msg?: string): void;
  error(event: string, fields?: LogFields, msg?: string): void;
  /** Written at once, before the call returns, where the output can take it: the process may die next. */
  fatal(event: string, fields?: LogFields, msg?: string): void;
  /** A logger that adds `fields` to each of its lines. */
  child(fields: LogFields): Logger;
}

/** Says nothing: for tests, and for parts that are run without a log. */
export const nullLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  fatal: () => {},
  child: () => nullLogger,
};
