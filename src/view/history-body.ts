/** Bodies made from histories in a worker, and how they fail. */
import { WeftError, type ErrorCode } from '../model/errors.js';

/** Errors cross threads as values. `bytes` owns its buffer. */
export type HistoryBody =
  | { readonly ok: true; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** Runs `encode` with its errors as values. */
export function historyBody(encode: () => Uint8Array<ArrayBuffer>): HistoryBody {
  try {
    return { ok: true, bytes: encode() };
  } catch (error) {
    if (error instanceof WeftError) return { ok: false, code: error.code, message: error.message };
    return { ok: false, code: 'internal', message: `cannot read the history: ${String(error)}` };
  }
}
