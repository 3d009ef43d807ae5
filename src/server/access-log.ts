/** One line for each request that ACCESS_LOG asks for. */
import type { ServerCore } from './core.js';
import type { RequestFacts } from './request-facts.js';

/** `status` 0: the client left first. Queries are left out: they may hold secrets. */
export function isLogged({ accessLog }: ServerCore, status: number): boolean {
  return accessLog === 'all' || (accessLog === 'errors' && status >= 400);
}

export function logAccess(
  { log }: ServerCore,
  { method, shownPath: path }: RequestFacts,
  requestId: string,
  answer: { readonly status: number; readonly bytes: number; readonly elapsedMs: number },
): void {
  log.info('http.access', {
    method,
    path,
    status: answer.status,
    latency_ms: Math.round(answer.elapsedMs * 1000) / 1000,
    bytes_sent: answer.bytes,
    request_id: requestId,
  });
}

/** What broke a handler: the client is told its request id only. */
export function logDefect({ log }: ServerCore, facts: RequestFacts, requestId: string, err: unknown): void {
  log.error('http.error', { method: facts.method, path: facts.shownPath, request_id: requestId, err });
}
