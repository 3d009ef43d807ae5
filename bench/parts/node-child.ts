/**
 * The same GetMetric with the servers that Node programs are usually made of: node:http and fastify. They
 * read the same kind of table (keys, columns and cells in shared memory), answer with the same headers
 * and body, and count latencies in the same histogram. What differs is the way between socket and table.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parse as parseQuery } from 'node:querystring';
import fastify from 'fastify';
import type { RowAddress, Table } from '../../src/fabric/table.js';
import { LatencyHistogram } from '../../src/stats/latency-histogram.js';
import { ByteWriter } from '../../src/view/bytes.js';
import { writeJsonCell } from '../../src/view/cell.js';
import { answerParent } from './answer.js';
import { inlineJobs, Pipeline } from './pipeline.js';
import { fetchOnce } from './weft.js';

export type NodeFramework = 'node:http' | 'fastify';

export interface NodeOrder {
  readonly framework: NodeFramework;
  /** Where the body is fetched from, once. */
  readonly upstream: string;
}

const PATH = '/telemetry/GetMetric';
const FIXED = {
  'Content-Type': 'application/json',
  'X-Content-Type-Options': 'nosniff',
  Vary: 'Accept, Accept-Encoding',
  'Cache-Control': 'no-cache',
};

interface Answer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** From names to an answer, as a program would do it that has the table in its memory. */
class Metrics {
  readonly #table: Table;
  readonly #latency = new LatencyHistogram();
  readonly #out = new ByteWriter(65_536, 'a value');
  readonly #decoder = new TextDecoder();
  #requests = 0;

  constructor(table: Table) {
    this.#table = table;
  }

  answer(switchId: string, metric: string): Answer | undefined {
    const table = this.#table;
    const row: RowAddress = { part: 0, slot: -1 };
    const column = table.schema.byName.get(metric);
    if (column === undefined || !table.find(switchId, row)) return undefined;
    const { reader, bank } = table.parts[row.part]!;
    this.#out.reset();
    writeJsonCell(this.#out, reader, table.columnView(column, row.part), row.slot, false);
    const ageMs = Math.max(0, Math.round(Date.now() - bank.snapshotTsMs));
    const key = JSON.stringify(switchId);
    const name = JSON.stringify(metric);
    const body =
      `{"switch_id":${key},"switch":${key},"metric":${name},"metric_name":${name},` +
      `"value":${this.#decoder.decode(this.#out.result())},` +
      `"timestamp":"${new Date(reader.rowTimeMs(bank, row.slot)).toISOString()}",` +
      `"snapshot_id":"${table.snapshotId}","age_ms":${ageMs}}`;
    const headers = {
      'X-Request-Id': `bench000-${(this.#requests++).toString(36)}`,
      ...FIXED,
      ETag: `W/"${table.snapshotId}"`,
      'X-Snapshot-Ts': String(Math.round(bank.snapshotTsMs)),
      'X-Data-Age-Ms': String(ageMs),
    };
    return { headers, body };
  }

  took(startMs: number): void {
    this.#latency.recordMs(performance.now() - startMs);
  }
}

async function listenNode(metrics: Metrics): Promise<number> {
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const startMs = performance.now();
    const [path, query = ''] = (request.url ?? '').split('?', 2);
    const { switch_id: id, metric } = parseQuery(query);
    const found = path === PATH ? metrics.answer(String(id), String(metric)) : undefined;
    if (found === undefined) response.writeHead(404).end();
    else {
      const length = Buffer.byteLength(found.body);
      response.writeHead(200, { ...found.headers, 'Content-Length': length }).end(found.body);
    }
    metrics.took(startMs);
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function listenFastify(metrics: Metrics): Promise<number> {
  const app = fastify({ keepAliveTimeout: 60_000 });
  app.get<{ Querystring: Readonly<Record<string, string>> }>(PATH, (request, reply) => {
    const startMs = performance.now();
    const { switch_id: id = '', metric = '' } = request.query;
    const found = metrics.answer(id, metric);
    if (found === undefined) void reply.code(404).send();
    else void reply.headers(found.headers).send(found.body);
    metrics.took(startMs);
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return (app.server.address() as AddressInfo).port;
}

answerParent({
  /** Resolves with the port, listening. */
  listen: async ({ framework, upstream }: NodeOrder) => {
    const { body } = await fetchOnce(upstream);
    const pipeline = new Pipeline(inlineJobs);
    await pipeline.publish(pipeline.receive(body));
    const metrics = new Metrics(pipeline.table);
    return framework === 'fastify' ? listenFastify(metrics) : listenNode(metrics);
  },
  cpuUs: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
});
