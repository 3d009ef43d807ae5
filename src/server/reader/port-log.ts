/** The log of a reader thread: every line is written by main. */
import type { LogFields, Logger } from '../../model/log.js';
import type { MessageEnd, ToMain } from '../relay/messages.js';

export function portLog(end: MessageEnd<ToMain>, more: LogFields): Logger {
  type Level = Extract<ToMain, { kind: 'log' }>['level'];
  const write =
    (level: Level) =>
    (event: string, given: LogFields = {}, message?: string): void => {
      const fields = { ...given, ...more };
      try {
        end.postMessage({ kind: 'log', level, event, fields, message });
      } catch {
        // Something that no message carries: a line must not end the thread.
        end.postMessage({
          kind: 'log',
          level,
          event,
          fields: { ...more, unsaid: Object.keys(given) },
          message,
        });
      }
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
    child: (fields) => portLog(end, { ...more, ...fields }),
  };
}
