/** Options of record, replay and load: what is kept of upstreams, and how it is served again. */

import { z } from 'zod';
import { COLUMN_NAME_BYTES_MAX } from '../model/limits.js';
import { derived, option, type Command } from './option.js';
import { choice, onOff, size, text, whole, type ValueKind } from './value-kinds.js';

const RECORD: readonly Command[] = ['record'];
const REPLAY: readonly Command[] = ['replay'];
const LOAD: readonly Command[] = ['load'];

const PATH_LENGTH_MAX = 4096;
const KEY_COLUMNS_MAX = 16;
const SPEED_MAX = 1_000_000;
const DURATION = /^([0-9]{1,9})(ms|s|m|h|d)$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** How fast a recording passes: times as fast as it was made, or one body a request. */
export type ReplaySpeed = number | 'max';

/** Key columns, or the word xdr, as the key of a source. */
export type LoadKey = readonly string[] | 'xdr';

export const RECORDING_OPTIONS = {
  recordOut: derived<string | null>('out', () => null, 'none: it must be given', {
    env: 'RECORD_OUT',
    fileKey: null,
    kind: text(PATH_LENGTH_MAX, 'the path of a folder'),
    help: 'Folder for the recording: made when absent, refused when it holds one.',
    commands: RECORD,
  }),
  recordBytesMax: option<number>('max-bytes', 1024 ** 3, {
    env: 'RECORD_MAX_BYTES',
    fileKey: null,
    kind: size(1024, 1024 ** 5),
    help: 'Ends the recording before its files take more than so many bytes.',
    commands: RECORD,
  }),
  recordDurationMs: derived<number | null>('duration', () => null, 'none: until it is stopped', {
    env: 'RECORD_DURATION',
    fileKey: null,
    kind: duration(),
    help: 'Ends the recording after so long.',
    commands: RECORD,
  }),
  recordGzip: option<boolean>('gzip', false, {
    env: 'RECORD_GZIP',
    fileKey: null,
    kind: onOff(),
    help: 'Stores the bodies compressed.',
    commands: RECORD,
  }),
  replaySpeed: option<ReplaySpeed>('speed', 1, {
    env: 'REPLAY_SPEED',
    fileKey: null,
    kind: speed(),
    help: 'How many times faster the recording passes; max moves to the next answer at each request.',
    commands: REPLAY,
  }),
  replayLoop: option<boolean>('loop', false, {
    env: 'REPLAY_LOOP',
    fileKey: null,
    kind: onOff(),
    help: 'Begins again at the end; without it the last answer stays.',
    commands: REPLAY,
  }),
  replaySource: derived<string | null>('source', () => null, 'all', {
    env: 'REPLAY_SOURCE',
    fileKey: null,
    kind: text(64, 'the id of a recorded source'),
    help: 'Replays this source alone.',
    commands: REPLAY,
  }),
  replayTimes: option('times', 'shifted', {
    env: 'REPLAY_TIMES',
    fileKey: null,
    kind: choice('shifted', 'original'),
    help: 'X-Snapshot-Ts as it would be if the recording were made now, or as it was.',
    commands: REPLAY,
  }),
  replaySkipFailures: option<boolean>('skip-failures', false, {
    env: 'REPLAY_SKIP_FAILURES',
    fileKey: null,
    kind: onOff(),
    help: 'Leaves recorded failures out: the body before them stays.',
    commands: REPLAY,
  }),
  loadKey: derived<LoadKey | null>('key', () => null, 'by name', {
    env: 'LOAD_KEY',
    fileKey: null,
    kind: columns(),
    help: "Columns of the files whose values, joined by ':', are the row's switch_id.",
    commands: LOAD,
  }),
  port: derived<number | null>('port', () => null, 'METRICS_SERVER_PORT of load, GENERATOR_PORT of replay', {
    env: 'WEFT_PORT',
    fileKey: null,
    kind: whole(0, 65535, ''),
    help: 'Port to listen on; 0 picks a free one.',
    commands: ['replay', 'load'],
  }),
} as const;

/** A time with its unit; in milliseconds. */
function duration(): ValueKind<number> {
  const allowed = 'a whole number and ms, s, m, h or d, such as 90s, 10m or 2h, of 100ms to 24d';
  const schema = z
    .string({ error: allowed })
    .transform((given) => {
      const match = DURATION.exec(given);
      return match ? Number(match[1]) * UNIT_MS[match[2]!]! : NaN;
    })
    .refine((ms) => ms >= 100 && ms <= 24 * UNIT_MS['d']!, { error: allowed });
  return { allowed, placeholder: 'time', schema, format: (ms) => `${ms}ms` };
}

function speed(): ValueKind<ReplaySpeed> {
  const allowed = `max, or a number above 0 up to ${SPEED_MAX}, such as 10 or 0.5`;
  const schema = z.string({ error: allowed }).transform((given, ctx): ReplaySpeed => {
    if (given.toLowerCase() === 'max') return 'max';
    const factor = /^[0-9]{1,7}(\.[0-9]{1,6})?$/.test(given) ? Number(given) : NaN;
    if (factor > 0 && factor <= SPEED_MAX) return factor;
    ctx.addIssue({ code: 'custom', message: allowed });
    return z.NEVER;
  });
  return { allowed, placeholder: 'n|max', schema, format: String };
}

/** Column names separated by commas; one that holds a comma is written in a file of sources. */
function columns(): ValueKind<LoadKey> {
  const allowed = `1 to ${KEY_COLUMNS_MAX} different column names, separated by commas, or xdr`;
  const schema = z
    .string({ error: allowed })
    .transform((given) => given.split(',').map((name) => name.trim()))
    .refine(
      (names) =>
        names.length <= KEY_COLUMNS_MAX &&
        new Set(names).size === names.length &&
        names.every((name) => name.length <= COLUMN_NAME_BYTES_MAX && /^[^\x00-\x1f\x7f]+$/.test(name)),
      { error: allowed },
    )
    .transform((names): LoadKey => (names.join() === 'xdr' ? 'xdr' : names));
  return {
    allowed,
    placeholder: 'name,name',
    schema,
    format: (key) => (key === 'xdr' ? key : key.join(',')),
  };
}
