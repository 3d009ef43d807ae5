/** What the hub needs of a connection. server/ implements it over its WebSocket; tests over an array. */

/**
 * What became of a message.
 * - `sent`: handed on; more may follow at once.
 * - `queued`: taken, but it waits in this process; call the session's `drained` when it went out.
 * - `dropped`: not taken at all: it will be offered again after `drained`.
 */
export type SendStatus = 'sent' | 'queued' | 'dropped';

export interface LiveTransport {
  /**
   * Sends one text message made of `prefix` (ASCII or any JSON text) followed by `body` (UTF-8,
   * possibly empty). `body` is shared by many connections: it must not be changed, and is no longer
   * needed when the call returns. Never throws; after the connection ended it answers `dropped`.
   */
  send(prefix: string, body: Uint8Array): SendStatus;
  /** Ends the connection with a close frame. The session hears `closed` at the latest then. */
  close(code: number, reason: string): void;
  /** Bytes taken by `send` that still wait in this process. */
  bufferedBytes(): number;
}

export const CLOSE_GOING_AWAY = 1001;
export const CLOSE_POLICY = 1008;
/** Try again later: the client took nothing for too long. */
export const CLOSE_TRY_AGAIN = 1013;

export const EMPTY_BODY = new Uint8Array(0);
