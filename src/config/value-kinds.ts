/**
 * The forms a value may take. A kind is a zod schema that reads text (flags, environment) and
 * YAML scalars alike, and the sentence that says what is allowed: every mistake quotes it.
 */

import { z } from 'zod';
import { formatDuration, parseDuration } from '../model/duration.js';

export interface ValueKind<T> {
  /** Completes "..., allowed: ". */
  readonly allowed: string;
  /** Stands for the value in help, such as `ms`. */
  readonly placeholder: string;
  readonly schema: z.ZodType<T>;
  /** As one would write it in the environment: the inverse of the schema. */
  format(value: T): string;
  /** True where the flag alone, without a value, says true. */
  readonly isSwitch?: boolean;
}

const KIB = 1024;
const SIZE_UNITS: Readonly<Record<string, number>> = { b: 1, kib: KIB, mib: KIB ** 2, gib: KIB ** 3 };
const SIZE = /^([0-9]{1,15})\s?(b|kib|mib|gib)?$/i;
const WHOLE = /^-?[0-9]{1,16}$/;
const HOST = /^[A-Za-z0-9._:%-]{1,253}$/;

/** A whole number in decimal: no sign but minus, no exponent, no separators. */
export function whole(min: number, max: number, unit: string): ValueKind<number> {
  const allowed = `a whole number from ${min} to ${max}${unit === '' ? '' : ` (${unit})`}`;
  return {
    allowed,
    placeholder: unit === '' ? 'n' : unit,
    schema: z
      .union([z.number(), z.string().regex(WHOLE).transform(Number)], { error: allowed })
      .refine((n) => Number.isSafeInteger(n) && n >= min && n <= max, { error: allowed }),
    format: String,
  };
}

/** Milliseconds: a whole number, or one with ms, s, m, h or d. */
export function duration(minMs: number, maxMs: number): ValueKind<number> {
  const allowed = `a duration from ${formatDuration(minMs)} to ${formatDuration(maxMs)}, such as 90s, 130m, 2h or milliseconds`;
  return {
    allowed,
    placeholder: 'duration',
    schema: z
      .union([z.number(), z.string().transform((text) => parseDuration(text) ?? NaN)], { error: allowed })
      .refine((ms) => Number.isSafeInteger(ms) && ms >= minMs && ms <= maxMs, { error: allowed }),
    format: formatDuration,
  };
}

/** Bytes: a whole number, or one with B, KiB, MiB or GiB. */
export function size(min: number, max: number): ValueKind<number> {
  const allowed = `bytes from ${formatSize(min)} to ${formatSize(max)}, such as 1048576, 256MiB or 1GiB`;
  return {
    allowed,
    placeholder: 'size',
    schema: z
      .union([z.number(), z.string().regex(SIZE).transform(readSize)], { error: allowed })
      .refine((n) => Number.isSafeInteger(n) && n >= min && n <= max, { error: allowed }),
    format: formatSize,
  };
}

function readSize(text: string): number {
  const match = SIZE.exec(text);
  return match ? Number(match[1]) * SIZE_UNITS[(match[2] ?? 'b').toLowerCase()]! : NaN;
}

/** The shortest exact spelling: 268435456 is 256MiB, 2147483647 stays as it is. */
export function formatSize(bytes: number): string {
  for (const [unit, factor] of [
    ['GiB', KIB ** 3] as const,
    ['MiB', KIB ** 2] as const,
    ['KiB', KIB] as const,
  ]) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return String(bytes);
}

/** One of a fixed list, in any case. */
export function choice<const T extends string>(...items: readonly T[]): ValueKind<T> {
  const allowed = `one of ${items.join(', ')}`;
  const schema = z.string({ error: allowed }).transform((text, ctx): T => {
    const item = items.find((candidate) => candidate.toLowerCase() === text.toLowerCase());
    if (item !== undefined) return item;
    ctx.addIssue({ code: 'custom', message: allowed });
    return z.NEVER;
  });
  return { allowed, placeholder: items.join('|'), schema, format: String };
}

/** A name or address to listen on. */
export function host(): ValueKind<string> {
  const allowed = 'a host name or an IP address to listen on, such as 127.0.0.1, 0.0.0.0 or ::';
  return {
    allowed,
    placeholder: 'host',
    schema: z.string({ error: allowed }).regex(HOST, { error: allowed }),
    format: String,
  };
}

/** Free text of 1 to `lengthMax` characters without control characters. */
export function text(lengthMax: number, what: string): ValueKind<string> {
  const allowed = `${what} of 1 to ${lengthMax} characters, without control characters`;
  return {
    allowed,
    placeholder: 'text',
    schema: z
      .string({ error: allowed })
      .min(1, { error: allowed })
      .max(lengthMax, { error: allowed })
      .regex(/^[^\x00-\x1f\x7f]*$/, { error: allowed }),
    format: String,
  };
}

/** true or false, as YAML writes them. */
export function flag(): ValueKind<boolean> {
  const allowed = 'true or false';
  return { allowed, placeholder: allowed, schema: z.boolean({ error: allowed }), format: String };
}

/** A flag that may stand alone: `--gzip`. */
export function onOff(): ValueKind<boolean> {
  const allowed = 'true or false; the flag alone is true';
  const schema = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')], {
    error: allowed,
  });
  return { allowed, placeholder: 'true|false', schema, format: String, isSwitch: true };
}

/** A list of distinct strings. */
export function list(itemsMax: number, item: ValueKind<string>, what: string): ValueKind<readonly string[]> {
  const allowed = `a list of up to ${itemsMax} different ${what} (quote what YAML would read as a number)`;
  return {
    allowed,
    placeholder: 'list',
    schema: z
      .array(item.schema, { error: allowed })
      .max(itemsMax, { error: allowed })
      .refine((items) => new Set(items).size === items.length, { error: allowed }),
    format: (items) => items.join(', '),
  };
}

const NAMES_LENGTH_MAX = 65_536;

/** Names separated by commas; the empty text is none. A YAML list is as good. */
export function nameList(): ValueKind<readonly string[]> {
  const allowed = `names separated by commas, ${NAMES_LENGTH_MAX} characters at most, without control characters`;
  const split = (text: string): string[] =>
    text.trim() === '' ? [] : text.split(',').map((one) => one.trim());
  return {
    allowed,
    placeholder: 'names',
    schema: z
      .union([z.string().max(NAMES_LENGTH_MAX).transform(split), z.array(z.string())], { error: allowed })
      .refine((names) => names.every((name) => /^[^\x00-\x1f\x7f]+$/.test(name)), { error: allowed }),
    format: (names) => names.join(','),
  };
}

/** Different names as one text with commas or as a list; nothing is an empty list. */
export function columnList(itemsMax: number, item: ValueKind<string>): ValueKind<readonly string[]> {
  const allowed = `up to ${itemsMax} different names, separated by commas (in the file: a list)`;
  const names = list(itemsMax, item, 'names').schema;
  const schema = z.unknown().transform((raw, ctx): readonly string[] => {
    const read = names.safeParse(typeof raw !== 'string' ? raw : raw === '' ? [] : raw.split(','));
    if (read.success) return read.data;
    ctx.addIssue({ code: 'custom', message: allowed });
    return z.NEVER;
  });
  return { allowed, placeholder: 'names', schema, format: (items) => items.join(',') };
}
