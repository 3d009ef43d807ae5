/**
 * What clients may say, checked strictly: a message that is not understood in full is refused in
 * full, naming what was wrong with it.
 */
import { WeftError, type ErrorCode } from '../model/errors.js';
import { checkNames, parsePatterns } from '../query/selector.js';
import { liveSlice, type FrameSelection } from '../view/frame-selection.js';

/** Bytes of one client message. */
export const MESSAGE_BYTES_MAX = 64 * 1024;
const ID_LENGTH_MAX = 64;
const HZ_MAX = 1000;

export interface SubscribeMessage {
  readonly op: 'subscribe';
  readonly id: string;
  readonly selection: FrameSelection;
  /** Name of the state the client has; null when it has none. */
  readonly since: string | null;
  /** Frames a second at most; null = no limit. */
  readonly hzMax: number | null;
}

export type ClientMessage =
  SubscribeMessage | { readonly op: 'unsubscribe'; readonly id: string } | { readonly op: 'ping' };

/** Why a message was refused; `id` when it named a usable one. */
export interface Refusal {
  readonly id: string | undefined;
  readonly code: ErrorCode;
  readonly message: string;
}

export type ParsedMessage =
  { readonly ok: true; readonly message: ClientMessage } | { readonly ok: false; readonly refusal: Refusal };

type Members = Readonly<Record<string, unknown>>;

const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  subscribe: [
    'op',
    'id',
    'switches',
    'metrics',
    'where',
    'sort',
    'limit',
    'view',
    'since',
    'max_hz',
    'int64',
  ],
  unsubscribe: ['op', 'id'],
  ping: ['op'],
};

/** The message in `text`, or why it is none. Never throws. */
export function parseClientMessage(text: string): ParsedMessage {
  let id: string | undefined;
  try {
    const members = parseObject(text);
    id = usableId(members['id']);
    return { ok: true, message: parseMembers(members) };
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    return { ok: false, refusal: { id, code: error.code, message: error.message } };
  }
}

function parseObject(text: string): Members {
  if (Buffer.byteLength(text) > MESSAGE_BYTES_MAX) {
    throw new WeftError('too_large', `cannot take a message of more than ${MESSAGE_BYTES_MAX} bytes`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new WeftError('bad_request', 'cannot read the message: it is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new WeftError('bad_request', 'cannot read the message: it is not a JSON object');
  }
  return value as Members;
}

function parseMembers(members: Members): ClientMessage {
  const op = members['op'];
  if (op === undefined) throw new WeftError('missing_parameter', 'cannot act on a message without op');
  if (typeof op !== 'string' || !Object.hasOwn(MEMBERS, op)) {
    throw new WeftError(
      'bad_value',
      `cannot act on op ${shown(op)}: it is one of subscribe, unsubscribe, ping`,
    );
  }
  const unknown = Object.keys(members).filter((name) => !MEMBERS[op]!.includes(name));
  if (unknown.length > 0) {
    const names = unknown.slice(0, 10).map(shown).join(', ');
    throw new WeftError('unknown_parameter', `cannot act on ${op}: unknown ${names}`);
  }
  if (op === 'ping') return { op };
  const id = requiredId(members['id'], op);
  return op === 'subscribe' ? parseSubscribe(id, members) : { op: 'unsubscribe', id };
}

function parseSubscribe(id: string, members: Members): SubscribeMessage {
  const switches = optionalNames(members, 'switches');
  const metrics = optionalNames(members, 'metrics');
  if (metrics) checkNames(metrics, 'metrics');
  const rows = switches && parsePatterns(switches, 'switches');
  const { int64, max_hz: hz } = members;
  const since = optionalText(members, 'since');
  if (int64 !== undefined && int64 !== 'number' && int64 !== 'string') {
    throw new WeftError('bad_value', 'cannot subscribe: int64 must be "number" or "string"');
  }
  if (hz !== undefined && typeof hz !== 'number') {
    throw new WeftError('bad_value', 'cannot subscribe: max_hz must be a number');
  }
  if (hz !== undefined && !(hz > 0 && hz <= HZ_MAX)) {
    throw new WeftError('out_of_range', `cannot subscribe: max_hz must be above 0 and at most ${HZ_MAX}`);
  }
  const selection = { rows, ...parseRank(members, metrics), int64AsString: int64 === 'string' };
  return { op: 'subscribe', id, selection, since, hzMax: hz ?? null };
}

/** A filter, the first so many by rank, deltas or rates. */
function parseRank(
  members: Members,
  metrics: readonly string[] | null,
): Omit<FrameSelection, 'rows' | 'int64AsString'> {
  const { limit } = members;
  if (limit !== undefined && !Number.isInteger(limit)) {
    throw new WeftError('bad_value', 'cannot subscribe: limit must be an integer');
  }
  return liveSlice({
    where: optionalText(members, 'where'),
    sort: optionalText(members, 'sort'),
    view: optionalText(members, 'view'),
    limit: (limit as number | undefined) ?? null,
    metrics,
  });
}

function optionalText(members: Members, member: string): string | null {
  const value = members[member];
  if (value === undefined) return null;
  if (typeof value !== 'string')
    throw new WeftError('bad_value', `cannot subscribe: ${member} must be a string`);
  return value;
}

/** Null when the member is absent, which means all. */
function optionalNames(members: Members, member: string): readonly string[] | null {
  const value = members[member];
  if (value === undefined) return null;
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw new WeftError('bad_value', `cannot subscribe: ${member} must be an array of strings`);
  }
  if (value.length === 0) {
    throw new WeftError('bad_value', `cannot subscribe: ${member} is empty (omit it for all)`);
  }
  return value;
}

function requiredId(value: unknown, op: string): string {
  if (value === undefined) throw new WeftError('missing_parameter', `cannot ${op}: id is missing`);
  const id = usableId(value);
  if (id === undefined) {
    throw new WeftError('bad_value', `cannot ${op}: id must be a string of 1 to ${ID_LENGTH_MAX} characters`);
  }
  return id;
}

function usableId(value: unknown): string | undefined {
  return typeof value === 'string' && value.length >= 1 && value.length <= ID_LENGTH_MAX ? value : undefined;
}

/** A value of the client in an error: cut, and quoted. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
