/** What is known of a request before anybody answers it. */
import { isImportant, type TokenRecord } from '../model/access.js';
import type { Endpoint, EndpointName } from './endpoint.js';
import type { ErrorStyle } from './errors.js';
import type { RouteCost } from './guards/guard.js';
import type { RequestHead } from './request-head.js';

/** Logs are no place for what strangers invent. */
const SHOWN_PATH_MAX = 200;

/** Which request this is, as the router found it. */
export interface Target {
  readonly method: string;
  readonly path: string;
  /** Path segments that the route left open, still encoded. */
  readonly segments: readonly string[];
  readonly endpoint: Endpoint;
  readonly errorStyle: ErrorStyle;
}

export type Transport = 'http' | 'websocket';

/** Copied out of the library's request, which is gone after the handler's call. */
export class RequestFacts {
  readonly target: Target;
  readonly transport: Transport;
  /** When the request came, monotonic. */
  readonly startMs: number;
  readonly isHead: boolean;
  /** Raw text after the question mark. */
  readonly query: string;
  readonly ifNoneMatch: string;
  readonly accept: string;
  readonly acceptEncoding: string;
  /** X-Dialect, as sent. */
  readonly dialect: string;
  readonly host: string;
  readonly origin: string;
  readonly authorization: string;
  readonly authorizationRepeated: boolean;
  readonly forwardedFor: string;
  readonly requestedMethod: string;
  client: TokenRecord | null = null;
  /** What guards want in every answer. */
  protected added: Uint8Array[] | null = null;

  constructor(head: RequestHead, query: string, target: Target, transport: Transport, startMs: number) {
    this.target = target;
    this.transport = transport;
    this.startMs = startMs;
    this.isHead = target.method === 'HEAD';
    this.query = query;
    this.ifNoneMatch = head.ifNoneMatch;
    this.accept = head.accept;
    this.acceptEncoding = head.acceptEncoding;
    this.dialect = head.dialect;
    this.host = head.host;
    this.origin = head.origin;
    this.authorization = head.authorization;
    this.authorizationRepeated = head.authorizationRepeated;
    this.forwardedFor = head.forwardedFor;
    this.requestedMethod = head.requestedMethod;
  }

  addHeaders(lines: Uint8Array): void {
    (this.added ??= []).push(lines);
  }

  get isImportant(): boolean {
    return isImportant(this.client);
  }

  get method(): string {
    return this.target.method;
  }

  get endpoint(): EndpointName {
    return this.target.endpoint.name;
  }

  get cost(): RouteCost {
    return this.target.endpoint.cost;
  }

  /** The path for people: cut when long. */
  get shownPath(): string {
    const { path } = this.target;
    return path.length > SHOWN_PATH_MAX ? `${path.slice(0, SHOWN_PATH_MAX)}…` : path;
  }
}
