/** A request that a reader thread took, as main's server reads it. */
import type { UwsRequest } from '../uws.js';
import type { AskedRequest } from './messages.js';

export class RelayedRequest implements UwsRequest {
  readonly #asked: AskedRequest;

  constructor(asked: AskedRequest) {
    this.#asked = asked;
  }

  getCaseSensitiveMethod(): string {
    return this.#asked.method;
  }

  getUrl(): string {
    return this.#asked.url;
  }

  getQuery(): string | undefined {
    return this.#asked.query;
  }

  /** The first of several, as the library has it. */
  getHeader(lowerCaseName: string): string {
    const { headers } = this.#asked;
    for (let i = 0; i < headers.length; i += 2) if (headers[i] === lowerCaseName) return headers[i + 1]!;
    return '';
  }

  forEach(visit: (lowerCaseName: string, value: string) => void): void {
    const { headers } = this.#asked;
    for (let i = 0; i < headers.length; i += 2) visit(headers[i]!, headers[i + 1]!);
  }
}
