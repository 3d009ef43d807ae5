/**
 * weft's log: one JSON object a line, `{"level","ts","svc","event",…,"msg"}`. The only user of pino.
 */

import { pino, type Logger as Pino } from 'pino';
import type { Clock } from '../model/clock.js';
import { LOG_LEVELS, type LogFields, type LogLevel, type Logger } from '../model/log.js';
import { Redactor } from '../model/redact.js';
import { cleanFields } from './fields.js';
import { LineWriter, type LineSink } from './line-writer.js';
import { stdoutSink } from './stdout.js';

/** Beyond it lines are dropped: a log that nobody reads must not become the process's memory. */
const PENDING_BYTES_MAX = 4 * 1024 * 1024;

export interface LogOptions {
  readonly level: LogLevel;
  readonly clock: Clock;
  /** Blanks out what must not be written; none = shapes of secrets only. */
  readonly redactor?: Redactor;
  /** Standard output unless a test reads the lines. */
  readonly sink?: LineSink;
}

/** The logger of the process, and what main needs to know about its output. */
export interface RootLogger extends Logger {
  /** Lines lost since start: output closed, full, or too slow. */
  readonly dropped: number;
  /** The least severe level that is written, by this logger and all that were made from it. */
  level: LogLevel;
  /** Resolves true when all is written, false when `deadlineMs` came first. Never rejects. */
  flush(deadlineMs: number): Promise<boolean>;
}

type Level = Exclude<LogLevel, 'silent'>;

export function createLogger({ level, clock, redactor = new Redactor(), sink }: LogOptions): RootLogger {
  const writer = new LineWriter({
    sink: sink ?? stdoutSink(),
    clock,
    pendingBytesMax: PENDING_BYTES_MAX,
    onGap: (lines) =>
      root.warn('log.dropped', { lines }, 'log lines were lost: the output was full or too slow'),
  });
  const threshold: Threshold = { level };
  const logger = pino(
    {
      // The threshold is ours: pino's loggers would each keep the one they were made with.
      level: LOG_LEVELS[0],
      base: { svc: 'weft' },
      messageKey: 'msg',
      timestamp: () => `,"ts":"${new Date(clock.nowMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label.toUpperCase() }) },
      depthLimit: 10,
      edgeLimit: 200,
    },
    writer,
  );
  const root: RootLogger = {
    ...wrap(logger, { redactor, writer, threshold }),
    get level() {
      return threshold.level;
    },
    set level(wanted) {
      threshold.level = wanted;
    },
    get dropped() {
      return writer.dropped;
    },
    flush: (deadlineMs) => writer.flush(deadlineMs),
  };
  return root;
}

interface Threshold {
  level: LogLevel;
}

interface Shared {
  readonly redactor: Redactor;
  readonly writer: LineWriter;
  readonly threshold: Threshold;
}

const SEVERITY = Object.fromEntries(LOG_LEVELS.map((level, i) => [level, i])) as Record<LogLevel, number>;

function wrap(logger: Pino, shared: Shared): Logger {
  const { redactor, writer, threshold } = shared;
  const emit = (
    level: Level,
    event: string,
    fields: LogFields | undefined,
    msg: string | undefined,
  ): void => {
    if (SEVERITY[level] < SEVERITY[threshold.level]) return;
    try {
      const clean = fields === undefined ? {} : cleanFields(fields, redactor);
      logger[level]({ event, ...clean }, msg === undefined ? event : redactor.text(msg));
    } catch {
      // A getter that throws, a string beyond the engine's limit: the caller's work matters more.
      writer.countLost();
    }
  };
  return {
    debug: (event, fields, msg) => emit('debug', event, fields, msg),
    info: (event, fields, msg) => emit('info', event, fields, msg),
    warn: (event, fields, msg) => emit('warn', event, fields, msg),
    error: (event, fields, msg) => emit('error', event, fields, msg),
    fatal: (event, fields, msg) => emit('fatal', event, fields, msg),
    child: (fields) => wrap(logger.child(cleanFields(fields, redactor)), shared),
  };
}
