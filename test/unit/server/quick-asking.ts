/** Asks the same by the shortest way and by the whole one. */
import { expect } from 'vitest';
import { RawClient, request } from '../../fixtures/raw-http.js';

/** The first asks what the second is told at once; few of so many go the whole way. */
export const REPEATS = 12;

/** Answers of one connection without what differs by nature: ids, and the clock's header. */
async function answers(port: number, texts: readonly string[]): Promise<string[]> {
  const client = new RawClient(port);
  client.send(texts.join(''));
  const ends = /\r\n\r\n/g;
  await client.until((text) => (text.match(ends) ?? []).length >= texts.length && complete(text));
  client.end();
  const parts = client.text.split(/(?=HTTP\/1\.1 )/);
  return parts.map((one) => {
    const text = one.replace(/^(X-Request-Id|Date): .*\r\n/gm, '$1\r\n');
    // Errors name the id once more, which has not always the same length.
    return text.startsWith('HTTP/1.1 200')
      ? text
      : text.replace(/^Content-Length: .*\r\n/gm, '').replace(/"request_id":"[^"]*"/, '');
  });
}

/** True when the last answer has as many bytes as it announces. */
export function complete(text: string): boolean {
  const last = text.slice(text.lastIndexOf('HTTP/1.1 '));
  const end = last.indexOf('\r\n\r\n');
  return last.length - end - 4 >= Number(/Content-Length: (\d+)/.exec(last)?.[1] ?? 0);
}

/** The same query, plain and with a header that leads the whole way. */
export async function both(
  port: number,
  path: string,
  query: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const plain = Array.from({ length: REPEATS }, () => request('GET', `${path}?${query}`, headers));
  const whole = request('GET', `${path}?${query}`, { ...headers, 'Content-Length': '0' });
  const all = await answers(port, [...plain, whole]);
  expect(all).toHaveLength(REPEATS + 1);
  for (const one of all) expect(one).toBe(all[REPEATS]);
}
