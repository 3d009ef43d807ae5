/** The real daemon and the real simulator as a bench sees them: started, asked over HTTP, stopped. */
import { get, type IncomingMessage } from 'node:http';
import type { StatsDocument } from '../../src/stats/document.js';
import { Child } from './child.js';

export interface Program {
  readonly child: Child;
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  readonly port: number;
}

/** Starts `weft serve` or `weft simulate` on a free port; resolves when it listens. */
export async function startProgram(
  keep: (child: Child) => Child,
  command: 'serve' | 'simulate',
  flags: Readonly<Record<string, string | number>>,
  /** The program with something beside it, such as counters. */
  entry = 'weft-child',
): Promise<Program> {
  const port = command === 'serve' ? 'metrics-server-port' : 'generator-port';
  const all = { [port]: 0, ...flags };
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = keep(new Child(entry, { args: [command, ...args], execArgv: ['--expose-gc'] }));
  const url = await child.line((line) => {
    if (!line.startsWith('{"level":"INFO"')) return undefined;
    const { event, url } = JSON.parse(line) as { event?: string; url?: string };
    return event === 'startup' ? url : undefined;
  });
  return { child, url, port: Number(new URL(url).port) };
}

export interface Answer {
  readonly status: number;
  /** As they were sent, names in their own case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** One GET; any status is an answer. */
export function fetchOnce(url: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: 30_000 }, (response) => {
      readAll(response).then(resolve, reject);
    });
    request.on('timeout', () => request.destroy(new Error(`no answer from ${url} in 30 s`)));
    request.on('error', reject);
  });
}

async function readAll(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const { rawHeaders } = response;
  const headers: Record<string, string> = {};
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers[rawHeaders[i]!] = rawHeaders[i + 1]!;
  return { status: response.statusCode ?? 0, headers, body: Buffer.concat(chunks) };
}

export async function statsOf(weft: Program): Promise<StatsDocument> {
  const { body } = await fetchOnce(`${weft.url}/stats`);
  return JSON.parse(body.toString()) as StatsDocument;
}

/** Of the only source. */
export async function versionOf(weft: Program): Promise<number> {
  return Object.values((await statsOf(weft)).sources)[0]!.version;
}

/** Resolves when the only source has published so often. */
export async function publishes(weft: Program, count: number, timeoutMs = 120_000): Promise<StatsDocument> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const stats = await statsOf(weft);
    const [source] = Object.values(stats.sources);
    if ((source?.version ?? 0) >= count) return stats;
    if (performance.now() > endMs) {
      throw new Error(`no publish ${count} within ${timeoutMs} ms: ${JSON.stringify(source)}`);
    }
    await pause(Math.min(100, timeoutMs));
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
