/** The keys of one entry of `sources:` in the file: one table, like the options. */

import { z } from 'zod';
import { BODY_BYTES_LIMIT, COLUMN_NAME_BYTES_MAX } from '../model/limits.js';
import { aliasMap, headerMap, renameMap, unitMap } from './source-maps.js';
import { tlsMap } from './source-tls.js';
import { sourceUrl } from './source-url.js';
import { socketPath } from './unix-url.js';
import { choice, flag, list, size, text, whole, type ValueKind } from './value-kinds.js';

const HOUR_MS = 3_600_000;
const KEY_COLUMNS_MAX = 16;
const TEXT_COLUMNS_MAX = 4096;
const DROPS_MAX = 4096;
const MISSING_VALUES_MAX = 256;
const SHARDS_MAX = 1024;
const VALUE_LENGTH_MAX = 256;

export interface SourceKeySpec<T> {
  readonly kind: ValueKind<T>;
  readonly defaultText: string;
  readonly help: string;
}

const column = text(COLUMN_NAME_BYTES_MAX, 'a column name');

function key<T>(kind: ValueKind<T>, defaultText: string, help: string): SourceKeySpec<T> {
  return { kind, defaultText, help };
}

/** A name as it may stand in /stats, in labels and in logs. */
function sourceId(): ValueKind<string> {
  const allowed = '1 to 64 letters, digits, dots, underscores and dashes';
  const schema = z.string({ error: allowed }).regex(/^[A-Za-z0-9._-]{1,64}$/, { error: allowed });
  return { allowed, placeholder: 'name', schema, format: String };
}

/** Key columns, or the word xdr. */
function rowKey(): ValueKind<readonly string[] | 'xdr'> {
  const columns = list(KEY_COLUMNS_MAX, column, 'column names');
  const allowed = `${columns.allowed}, or xdr`;
  const schema = z.unknown().transform((value, ctx): readonly string[] | 'xdr' => {
    if (value === 'xdr') return value;
    const read = columns.schema.safeParse(value);
    if (read.success) return read.data;
    for (const { path, message } of read.error.issues) {
      ctx.addIssue({
        code: 'custom',
        path,
        message: path.length === 0 ? allowed : message,
        input: undefined,
      });
    }
    return z.NEVER;
  });
  return { allowed, placeholder: 'list', schema, format: String };
}

/** One character that no number or name contains, and no quote. */
function delimiter(): ValueKind<string> {
  const allowed = 'one of "," ";" "|" and "\\t"';
  const schema = z
    .string({ error: allowed })
    .refine((text) => [',', ';', '|', '\t'].includes(text), { error: allowed });
  return { allowed, placeholder: 'character', schema, format: String };
}

export const SOURCE_KEYS = {
  id: key(sourceId(), 'required', 'Names the source in /stats and logs; unique.'),
  url: key(sourceUrl(), 'required without push', 'Where the matrix is fetched.'),
  push: key(flag(), 'false', 'Bodies come by POST /telemetry/ingest/<id>; such a source has no url.'),
  interval_ms: key(whole(10, 24 * HOUR_MS, 'ms'), 'POLL_MS', 'Time between the starts of two polls.'),
  timeout_ms: key(
    whole(10, HOUR_MS, 'ms'),
    'POLL_TIMEOUT_MS',
    'Deadline of one whole exchange, or of one upload.',
  ),
  max_stale_ms: key(
    whole(0, 30 * 24 * HOUR_MS, 'ms'),
    'MAX_STALE_MS, else max(60000, 3 × interval)',
    'Stale after so long without a good exchange; 0 = never. Above interval + timeout.',
  ),
  max_body_bytes: key(size(1024, BODY_BYTES_LIMIT), 'MAX_BODY_BYTES', 'Largest body on the wire.'),
  max_decoded_bytes: key(
    size(1024, BODY_BYTES_LIMIT),
    'MAX_DECODED_BYTES',
    'Largest body after decompression.',
  ),
  tls: key(
    tlsMap(),
    'none',
    'CA, client certificate and key (PEM files), expected name; insecure: true checks nothing.',
  ),
  unix: key(
    socketPath(),
    'none',
    'The unix socket over which the url is fetched; or url: unix:/path/of.sock:/path.',
  ),
  shards: key(
    whole(1, SHARDS_MAX, ''),
    'none',
    'Fetched in so many shares, as sources <id>.0, <id>.1 and so on.',
  ),
  sharding_field: key(column, 'port_guid', 'Column by which the endpoint deals rows to shards.'),
  headers: key(headerMap(), 'none', `Request headers; \${NAME} in a value is taken from the environment.`),
  key: key(
    rowKey(),
    'by name',
    "Columns whose values, joined by ':', are the row's switch_id. xdr: sys_image_guid:aport where port_type is 4.",
  ),
  guid_keys: key(
    choice('canonical', 'as_is'),
    'canonical',
    'GUIDs in row keys: 0x and 16 lower-case hex digits however they are spelled, or as they are.',
  ),
  time: key(column, 'by name', 'Column of the row time.'),
  text: key(
    list(TEXT_COLUMNS_MAX, column, 'column names'),
    'by name',
    'Columns that are text whatever they look like.',
  ),
  missing: key(
    list(MISSING_VALUES_MAX, text(VALUE_LENGTH_MAX, 'a cell value'), 'cell values'),
    'none',
    'Values that mean missing, besides the empty cell.',
  ),
  units: key(unitMap(), 'none', 'Suffixes to strip, by column: with C, 37C is the number 37.'),
  rates: key(
    list(TEXT_COLUMNS_MAX, column, 'column names'),
    'RATE_COLUMNS',
    'Columns with deltas and rates; * and ? as in file names.',
  ),
  gauges: key(
    list(TEXT_COLUMNS_MAX, column, 'column names'),
    'by name',
    'Columns of whole numbers that rise and fall: their delta is the signed difference. * and ? as in file names.',
  ),
  counters: key(
    list(TEXT_COLUMNS_MAX, column, 'column names'),
    'by name',
    'Columns that only rise, whatever their name says, or though they have fractions. * and ? as in file names.',
  ),
  rename: key(renameMap(), 'none', 'Columns of the body to their names in the table.'),
  drop: key(
    list(DROPS_MAX, text(COLUMN_NAME_BYTES_MAX, 'a column name, * and ? being wildcards,'), 'column names'),
    'none',
    'Columns of the body that are left out; * and ? are wildcards.',
  ),
  alias: key(aliasMap(), 'none', 'Other names to the columns of the table they stand for.'),
  delimiter: key(delimiter(), 'comma, unless the header says otherwise', 'Separates the cells.'),
  ragged: key(
    choice('reject', 'drop'),
    'reject',
    'Rows with another number of cells: refuse the body, or drop them.',
  ),
  duplicate_rows: key(
    choice('reject', 'last'),
    'reject',
    'Two rows of one key: refuse the body, or the last wins.',
  ),
  duplicate_columns: key(
    choice('reject', 'suffix'),
    'reject',
    'Two columns of one name: refuse the body, or name, name_2.',
  ),
  schema_change: key(
    choice('accept', 'reject'),
    'accept',
    'Columns that come, go or change while weft runs.',
  ),
  require_final_newline: key(flag(), 'true', 'Refuse a body that may be cut inside its last number.'),
  allow_empty: key(flag(), 'false', 'Publish a body without data rows.'),
} as const;

export type SourceKey = keyof typeof SOURCE_KEYS;

/** One entry as read; what is absent takes its default elsewhere. */
export type SourceEntry = {
  readonly [K in SourceKey]?:
    ((typeof SOURCE_KEYS)[K] extends SourceKeySpec<infer T> ? T : never) | undefined;
};

/** A key without a value (`time:`) is as good as absent. */
function optional(schema: z.ZodType<unknown>): z.ZodType<unknown> {
  return schema.nullish().transform((value) => value ?? undefined);
}

const shape = Object.fromEntries(
  Object.entries(SOURCE_KEYS).map(([name, spec]) => [name, optional(spec.kind.schema).optional()]),
);

/** Refuses unknown keys: a misspelt policy must not silently be the default. */
export const SOURCE_SCHEMA = z.strictObject(shape, {
  error: 'a mapping of source keys',
}) as unknown as z.ZodType<SourceEntry>;
