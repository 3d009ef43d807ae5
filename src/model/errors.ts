/** The catalogue of errors that clients see: code, HTTP status, nothing else. docs/endpoints.md. */

export const ERROR_STATUS = {
  missing_parameter: 400,
  duplicate_parameter: 400,
  contradictory_parameter: 400,
  unknown_parameter: 400,
  bad_value: 400,
  bad_encoding: 400,
  bad_request: 400,
  unknown_switch: 404,
  unknown_metric: 404,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  conflict: 409,
  cursor_expired: 410,
  length_required: 411,
  too_large: 413,
  uri_too_long: 414,
  unsupported_media_type: 415,
  out_of_range: 422,
  unprocessable: 422,
  headers_too_large: 431,
  internal: 500,
  no_data: 503,
  stale: 503,
  overloaded: 503,
  deadline: 504,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** A refusal that a client is told of. `message` names the thing, the limit and the knob. */
export class WeftError extends Error {
  readonly code: ErrorCode;
  /** Seconds for Retry-After, where one makes sense. */
  readonly retryAfterS: number | undefined;

  constructor(code: ErrorCode, message: string, retryAfterS?: number) {
    super(message);
    this.name = 'WeftError';
    this.code = code;
    this.retryAfterS = retryAfterS;
  }

  get status(): number {
    return ERROR_STATUS[this.code];
  }
}

/** For what must never happen: the process is wrong, not the input. */
export function bug(what: string): never {
  throw new Error(`BUG: ${what}`);
}
