/** Messages of live clients: refused with a documented code, or a selection that a frame can be made of. */
import { isDeepStrictEqual } from 'node:util';
import { parseClientMessage } from '../../src/live/protocol.js';
import { SelectionBook } from '../../src/live/selections.js';
import { ERROR_STATUS } from '../../src/model/errors.js';
import { encodeFrame } from '../../src/view/frame.js';
import { selectionProblem } from '../../src/view/frame-selection.js';
import { parseExact } from '../fixtures/live-client.js';
import { LIMITS, texts } from '../fixtures/live-frames.js';
import { FUZZ_TABLE } from './query-target.js';
import { ensure, type FuzzTarget } from './target.js';

const selections = new SelectionBook();

function run(input: Uint8Array): boolean {
  const text = Buffer.from(input).toString();
  const parsed = parseClientMessage(text);
  if (!parsed.ok) {
    const { code, message, id } = parsed.refusal;
    ensure(Object.hasOwn(ERROR_STATUS, code) && ERROR_STATUS[code] < 500, () => `${code}: ${message}`);
    ensure(message.length < 5_000 && (id === undefined || id.length <= 64), () => 'a long refusal');
    return false;
  }
  const { message } = parsed;
  if (message.op !== 'subscribe') return true;
  ensure(message.hzMax === null || (message.hzMax > 0 && message.hzMax <= 1000), () => `${message.hzMax} Hz`);
  const { limit } = message.selection;
  ensure(limit === null || Number.isInteger(limit), () => `a limit of ${limit}`);
  const shared = selections.acquire(message.selection);
  const again = parseClientMessage(text);
  const isSame = again.ok && again.message.op === 'subscribe' && isDeepStrictEqual(again.message, message);
  ensure(isSame, () => 'another message the second time');
  ensure(selections.acquire(message.selection) === shared, () => 'equal selections are two');
  selections.release(shared);
  selections.release(shared);
  const problem = selectionProblem(FUZZ_TABLE, message.selection);
  if (problem) {
    ensure(ERROR_STATUS[problem.code] < 500, () => `${problem.code}: ${problem.message}`);
    return true;
  }
  const frame = encodeFrame(FUZZ_TABLE, message.selection, null, LIMITS);
  if (!frame.ok) {
    ensure(ERROR_STATUS[frame.code] < 500, () => `${frame.code}: ${frame.message}`);
    return true;
  }
  for (const part of texts(frame)) parseExact(`{${part}`);
  return true;
}

export const subscriptionTarget: FuzzTarget = {
  name: 'subscription',
  tokens: [
    ...[
      '{"op":"subscribe","id":"s1"',
      '{"op":"unsubscribe","id":"s1"}',
      '{"op":"ping"}',
      '}',
      ',',
      ':',
      '[',
      ']',
    ],
    ...['"switches":["sw-*"]', '"metrics":["cpu"]', '"where":"cpu gt 2"', '"sort":"-cpu"', '"limit":3'],
    ...['"view":"delta"', '"since":"abcd-1"', '"max_hz":5', '"int64":"string"', '"metrics":["delta(tx)"]'],
    ...['null', 'true', '1e400', '-1', '""', '"\\u0000"', '\\ud800', '"__proto__":', '"constructor"', '@key'],
    ...['"where":"name is null"', '"where":"tx in (1, 2)"', '"sort":"name,switch_id"', "'", '\\"', '*', '?'],
  ],
  bytesMax: 600,
  covers: ['dist/src/live/protocol', 'dist/src/live/selections', 'dist/src/query/', 'dist/src/view/frame'],
  run,
};
