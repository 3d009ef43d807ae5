/** Frames that are not data, and the beginnings of those that are: what differs between subscribers. */
import type { ErrorCode } from '../model/errors.js';

/**
 * Why a client is sent a whole selection.
 * - `subscribed`: it has nothing yet.
 * - `schema`, `rebuilt`: a new generation, with other or with the same selected fields.
 * - `dense`: the diff would have been larger.
 * - `too_old`: its `since` cannot be served; `gap`: it fell behind while connected.
 */
export type SnapshotReason = 'subscribed' | 'schema' | 'rebuilt' | 'dense' | 'too_old' | 'gap';

export function helloFrame(snapshotId: string): string {
  return JSON.stringify({ type: 'hello', protocol: 1, snapshot_id: snapshotId });
}

export const PONG_FRAME = '{"type":"pong"}';

export function heartbeatFrame(id: string, snapshotId: string): string {
  return JSON.stringify({ type: 'heartbeat', id, snapshot_id: snapshotId });
}

/** `id` is absent when the offending message named none. */
export function errorFrame(id: string | undefined, code: ErrorCode, message: string): string {
  return JSON.stringify({ type: 'error', id, error: code, message });
}

/** What stands before a shared body (view/frame.ts), from the opening brace to the comma. */
export function snapshotPrefix(idMember: string, reason: SnapshotReason): string {
  return `{"type":"snapshot",${idMember}"reason":"${reason}",`;
}

/** `prev` names the state that the diff applies to. */
export function diffPrefix(idMember: string, prev: string): string {
  return `{"type":"diff",${idMember}"prev":${JSON.stringify(prev)},`;
}

/** The member that names a subscription, for the prefixes. */
export function idMemberOf(id: string): string {
  return `"id":${JSON.stringify(id)},`;
}

/** Of a frame without subscription. */
export const NO_ID = '';
