/**
 * The one place that loads uWebSockets.js. What weft uses of it is declared here, so that the
 * compiler shows what another build would have to offer.
 */
import { createRequire } from 'node:module';

/** Bytes are cheaper than strings: a string is flattened and encoded once more. */
export type UwsBytes = string | Uint8Array;

/** Valid during the handler call only. */
export interface UwsRequest {
  getCaseSensitiveMethod(): string;
  /** Path without the query, not decoded. */
  getUrl(): string;
  /** Undefined without a question mark. Never call it with a key: that decodes in place. */
  getQuery(): string | undefined;
  getHeader(lowerCaseName: UwsBytes): string;
  forEach(visit: (lowerCaseName: string, value: string) => void): void;
}

/** Valid until it was answered or aborted; any later call throws. */
export interface UwsResponse {
  writeStatus(status: UwsBytes): UwsResponse;
  /** Neither name nor value is checked: CR and LF in them are the caller's fault. */
  writeHeader(name: UwsBytes, value: UwsBytes): UwsResponse;
  end(body?: UwsBytes, closeConnection?: boolean): UwsResponse;
  /** Without arguments only: with a length, the Node 20 build never finishes the response. */
  endWithoutBody(): UwsResponse;
  tryEnd(chunk: UwsBytes, totalBytes: number): [ok: boolean, done: boolean];
  getWriteOffset(): number;
  onWritable(handler: (offset: number) => boolean): UwsResponse;
  onAborted(handler: () => void): UwsResponse;
  /** Within the handler's call only. `chunk` is gone when its call returns. */
  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): UwsResponse;
  /** No more is read from the connection until `resume`. */
  pause(): void;
  resume(): void;
  cork(write: () => void): UwsResponse;
  close(): UwsResponse;
  getRemoteAddressAsText(): ArrayBuffer;
  upgrade<T>(
    userData: T,
    secWebSocketKey: string,
    secWebSocketProtocol: string,
    secWebSocketExtensions: string,
    context: UwsSocketContext,
  ): void;
}

export interface UwsSocketContext {
  readonly __brand?: 'socket context';
}

export interface UwsListenSocket {
  readonly __brand?: 'listen socket';
}

/** Valid until its close handler ran. */
export interface UwsWebSocket<T> {
  /** 1 = sent, 0 = waits in this process, 2 = dropped. */
  send(message: UwsBytes, isBinary: boolean, compress: boolean): number;
  getBufferedAmount(): number;
  end(code: number, reason: string): void;
  close(): void;
  getUserData(): T;
}

export interface UwsBehavior<T> {
  readonly compression: number;
  readonly maxPayloadLength: number;
  /** Seconds: 0 or 8 to 960; anything else ends the process. */
  readonly idleTimeout: number;
  readonly maxBackpressure: number;
  readonly maxLifetime: number;
  readonly closeOnBackpressureLimit: boolean;
  readonly sendPingsAutomatically: boolean;
  upgrade(res: UwsResponse, req: UwsRequest, context: UwsSocketContext): void;
  open(ws: UwsWebSocket<T>): void;
  message(ws: UwsWebSocket<T>, message: ArrayBuffer, isBinary: boolean): void;
  drain(ws: UwsWebSocket<T>): void;
  /** It is answered by the library. */
  ping?(ws: UwsWebSocket<T>): void;
  pong?(ws: UwsWebSocket<T>): void;
  /** `message`: the client's reason; with code 1006 the library's own words, or nothing. */
  close(ws: UwsWebSocket<T>, code: number, message: ArrayBuffer): void;
}

export type UwsHandler = (res: UwsResponse, req: UwsRequest) => void;

export interface UwsApp {
  get(pattern: string, handler: UwsHandler): UwsApp;
  any(pattern: string, handler: UwsHandler): UwsApp;
  ws<T>(pattern: string, behavior: UwsBehavior<T>): UwsApp;
  /** Called with +1 when a connection opens and -1 when it closes; not when an upgraded one does. */
  filter(visit: (res: UwsResponse, change: number) => void): UwsApp;
  listen(
    host: string,
    port: number,
    options: number,
    ready: (socket: UwsListenSocket | false) => void,
  ): UwsApp;
  close(): UwsApp;
}

/** Paths of PEM files. TLS 1.2 and 1.3; `ssl_ciphers` concerns 1.2 alone. */
export interface UwsTlsOptions {
  readonly cert_file_name: string;
  readonly key_file_name: string;
  readonly ssl_ciphers?: string;
}

export interface Uws {
  App(): UwsApp;
  /** Throws when a file cannot be read or used. */
  SSLApp(options: UwsTlsOptions): UwsApp;
  us_listen_socket_close(socket: UwsListenSocket): void;
  us_socket_local_port(socket: UwsListenSocket): number;
  readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number;
  readonly DISABLED: number;
  _cfg?(key: string): void;
}

/** uWebSockets.js does not load here. `message` says why and what to do; the process exits 78. */
export class NativeBuildError extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'NativeBuildError';
  }
}

/** Sets the library's switch that leaves its own header out of responses. */
const HIDE_LIBRARY_HEADER = '999999990007';

interface ReportHeader {
  readonly header?: { readonly glibcVersionRuntime?: string };
}

/** The C library that the process runs on, or undefined where it is none of GNU's. */
function glibcVersion(): string | undefined {
  // The report itself may be switched off or changed by a later Node: it is only a hint.
  const report = process.report?.getReport() as ReportHeader | string | undefined;
  return typeof report === 'object' ? report.header?.glibcVersionRuntime : undefined;
}

/** `load` is for tests. Throws NativeBuildError. */
export function loadUws(load: (name: string) => unknown = createRequire(import.meta.url)): Uws {
  let uws: Uws;
  try {
    uws = load('uWebSockets.js') as Uws;
  } catch (error) {
    const libc = glibcVersion();
    const here =
      `Node ${process.version} (ABI ${process.versions.modules}) on ${process.platform}-${process.arch}, ` +
      (libc === undefined ? 'without glibc' : `glibc ${libc}`);
    throw new NativeBuildError(
      `cannot load uWebSockets.js with ${here}: run Node 20 with glibc 2.27 or later, ` +
        `or Node 22, 24 or 25 with glibc 2.38 or later (Debian 13; not Alpine)`,
      error,
    );
  }
  uws._cfg?.(HIDE_LIBRARY_HEADER);
  return uws;
}
