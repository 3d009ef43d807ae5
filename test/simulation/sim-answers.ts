/** How a simulated endpoint answers one request: what arrives when, and how the poll may end. */
import type { Outcome } from '../../src/model/outcome.js';
import type { Dice } from '../fixtures/live-world.js';
import type { SimBody } from './sim-bodies.js';

export type Mood = 'good' | 'flaky' | 'down' | 'odd';

/** `refused` and `unresolved` before a connection, `reset` on one, `silent` never answers. */
export type AnswerKind = 'refused' | 'unresolved' | 'reset' | 'silent' | 'answer';

export interface Answer {
  readonly what: string;
  readonly kind: AnswerKind;
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly chunks: readonly Uint8Array[];
  /** After the last chunk: an end, a reset, or nothing ever. */
  readonly end: 'end' | 'reset' | 'cut' | 'silent';
  /** How the poll may end when nothing takes too long. */
  readonly outcomes: readonly Outcome[];
  /** The ETag to come back with the next request, once this was published or found identical. */
  readonly etag: string | null;
}

/** What becomes of a body on its own way through weft, whatever it holds. */
const OWN: readonly Outcome[] = ['skipped', 'worker', 'timeout', 'quarantined'];
export const BODY_BYTES_MAX = 20_000;

const encoder = new TextEncoder();

export interface AnswerFacts {
  readonly body: SimBody;
  /** What names the body; a lying endpoint may say another. */
  readonly tag: string | null;
  /** The condition of the request. */
  readonly ifNoneMatch: string | null;
  readonly nowMs: number;
}

const NO_BODY: Pick<Answer, 'headers' | 'chunks' | 'end' | 'etag'> = {
  headers: [],
  chunks: [],
  end: 'end',
  etag: null,
};

function failing(what: string, kind: AnswerKind, outcomes: readonly Outcome[]): Answer {
  return { ...NO_BODY, what, kind, status: 0, outcomes };
}

/** The next request on a connection is the first to notice. */
export const CLOSED_MEANWHILE = failing('closed while it stood idle', 'reset', ['connect']);

function statusOnly(status: number, outcome: Outcome): Answer {
  return { ...NO_BODY, what: `status ${status}`, kind: 'answer', status, outcomes: [outcome] };
}

/** Cut at some places. */
function chunksOf(bytes: Uint8Array, dice: Dice): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = dice.chance(0.7) ? bytes.length : 1 + dice.below(bytes.length);
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

function timeHeaders(nowMs: number, dice: Dice): [string, string][] {
  const headers: [string, string][] = [];
  const skewMs = dice.pick([0, 0, 0, -90_000, 90_000, 4e9]);
  if (dice.chance(0.5)) headers.push(['Date', new Date(nowMs + skewMs).toUTCString()]);
  if (dice.chance(0.5)) {
    const stampMs = nowMs - dice.pick([0, 0, 40, 1_500, 70_000]) + dice.pick([0, 0, 0, 5_000]);
    headers.push(['X-Snapshot-Ts', dice.chance(0.05) ? 'yesterday' : String(stampMs)]);
  }
  return headers;
}

interface Wanted {
  readonly what: string;
  readonly outcomes: readonly Outcome[];
  readonly headers?: readonly (readonly [string, string])[];
  readonly end?: Answer['end'];
  /** Content-Length less this; null: no length is said. */
  readonly missingBytes?: number | null;
}

function answer(text: string, facts: AnswerFacts, wanted: Wanted, dice: Dice): Answer {
  const { what, outcomes, headers = [], end = 'end', missingBytes = dice.chance(0.3) ? null : 0 } = wanted;
  const bytes = encoder.encode(text);
  const etag = facts.tag;
  const all: (readonly [string, string])[] = [...timeHeaders(facts.nowMs, dice), ...headers];
  if (!all.some(([name]) => name === 'Content-Type')) all.push(['Content-Type', 'text/csv']);
  if (etag !== null) all.push(['ETag', etag]);
  if (missingBytes !== null) all.push(['Content-Length', String(bytes.length + missingBytes)]);
  const chunks = chunksOf(bytes, dice);
  return { what, kind: 'answer', status: 200, headers: all, chunks, end, outcomes, etag };
}

export function goodAnswer(facts: AnswerFacts, dice: Dice): Answer {
  if (facts.tag !== null && facts.tag === facts.ifNoneMatch) return statusOnly(304, 'not_modified');
  return answer(facts.body.text, facts, { what: 'body', outcomes: ['ok', 'identical', ...OWN] }, dice);
}

type Make = (facts: AnswerFacts, dice: Dice) => Answer;

const bad =
  (what: string, change: (text: string) => string, ...outcomes: Outcome[]): Make =>
  (facts, dice) =>
    answer(change(facts.body.text), facts, { what, outcomes: [...outcomes, ...OWN] }, dice);

const whole =
  (wanted: Wanted): Make =>
  (facts, dice) =>
    answer(facts.body.text, facts, wanted, dice);

const DOWN: readonly Make[] = [
  () => failing('refused', 'refused', ['connect']),
  () => failing('refused', 'refused', ['connect']),
  () => failing('no such host', 'unresolved', ['dns']),
  () => failing('reset before the answer', 'reset', ['connect']),
  () => failing('silence', 'silent', ['timeout']),
  () => statusOnly(500, 'status'),
  () => statusOnly(503, 'status'),
];

const ODD: readonly Make[] = [
  () => statusOnly(302, 'redirect'),
  () => statusOnly(204, 'status'),
  ({ ifNoneMatch }) => statusOnly(304, ifNoneMatch === null ? 'status' : 'not_modified'),
  whole({ what: 'html', outcomes: ['content_type'], headers: [['Content-Type', 'text/html']] }),
  whole({ what: 'brotli', outcomes: ['encoding'], headers: [['Content-Encoding', 'br']] }),
  whole({ what: 'fewer bytes than announced', outcomes: ['truncated'], missingBytes: 7 }),
  whole({ what: 'more bytes than announced', outcomes: ['truncated'], missingBytes: -3 }),
  whole({ what: 'too large, announced', outcomes: ['too_large'], missingBytes: BODY_BYTES_MAX }),
  bad('too large', (text) => text + 'x'.repeat(BODY_BYTES_MAX), 'too_large'),
  whole({ what: 'reset at the end', outcomes: ['truncated'], end: 'reset' }),
  whole({ what: 'cut', outcomes: ['truncated'], end: 'cut' }),
  whole({ what: 'never ends', outcomes: ['timeout'], end: 'silent' }),
  bad('nothing', () => '', 'empty'),
  bad('a header alone', (text) => text.slice(0, text.indexOf('\n') + 1), 'empty'),
  bad('an open quote', (text) => `${text}"sw-1,1\n`, 'parse'),
  bad('a ragged row', (text) => `${text}sw-99,1,2,3,4,5,6,7,8,9\n`, 'parse'),
  bad('the last row cut', (text) => text.slice(0, -1), 'truncated'),
  bad('no key', (text) => text.replace('switch_id', 'nothing'), 'schema'),
  bad('a zero byte', (text) => `${text}\0`, 'encoding', 'truncated'),
];

export function answerOf(mood: Mood, facts: AnswerFacts, dice: Dice): Answer {
  const isBad = { good: 0.03, flaky: 0.4, down: 0.97, odd: 0.4 }[mood];
  if (!dice.chance(isBad)) return goodAnswer(facts, dice);
  const from = mood === 'down' ? DOWN : mood === 'odd' ? ODD : [...DOWN, ...ODD];
  return dice.pick(from)(facts, dice);
}
