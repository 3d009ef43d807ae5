/** Unix sockets as upstreams: `unix:/run/telemetry.sock:/csv/metrics`, or a URL and `unix: /run/telemetry.sock`. */

import { z } from 'zod';
import type { ValueKind } from './value-kinds.js';

/** What the kernel takes: sun_path less its NUL. */
const SOCKET_BYTES_MAX = 107;
const FORM = /^unix:(\/[^:]+):(\/.*)$/is;
const ALLOWED = `an absolute path of up to ${SOCKET_BYTES_MAX} bytes, without control characters and colons`;

export interface Endpoint {
  /** http: or https:; what is behind the host is asked for. */
  readonly url: string;
  /** null: over TCP. */
  readonly socketPath: string | null;
}

export function isUnixUrl(text: string): boolean {
  return /^unix:/i.test(text);
}

/** The two halves of a unix URL; the whole text as the URL when it is none. */
export function endpointOf(text: string): Endpoint {
  const [, socketPath, path] = FORM.exec(text) ?? [];
  if (socketPath === undefined || path === undefined) return { url: text, socketPath: null };
  return { url: new URL(`http://localhost${path}`).href, socketPath };
}

/** Why `text` is no unix URL, or undefined when it is one. `problem` judges the URL in its second half. */
export function unixUrlProblem(
  text: string,
  problem: (url: string) => string | undefined,
): string | undefined {
  const [, socketPath, path] = FORM.exec(text) ?? [];
  if (socketPath === undefined || path === undefined || !isSocketPath(socketPath)) {
    return `an absolute http:// URL, or unix:/path/of.sock:/path, the first of them ${ALLOWED}`;
  }
  return problem(`http://localhost${path}`);
}

function isSocketPath(text: string): boolean {
  return /^\/[^\x00-\x1f\x7f:]+$/.test(text) && Buffer.byteLength(text) <= SOCKET_BYTES_MAX;
}

/** `unix:` of a source. */
export function socketPath(): ValueKind<string> {
  const schema = z.string({ error: ALLOWED }).refine(isSocketPath, { error: ALLOWED });
  return { allowed: ALLOWED, placeholder: 'path', schema, format: String };
}
