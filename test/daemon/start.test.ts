/** Starts that cannot be: a port that is taken (L-01), a configuration that is wrong (L-02). */
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigFile } from '../fixtures/config-file.js';
import { Started, WeftProcess, type Ended, type LaunchOptions } from '../fixtures/weft-process.js';

/**
 * What a start may take beyond that of a process that only says its version. It takes a tenth of a
 * second where nobody else wants the processor; what waits for a port or tries again takes longer.
 */
const REFUSAL_MS_MAX = 15_000;

const started = new Started();
let loadMs = 0;

interface Run extends Ended {
  readonly process: WeftProcess;
  /** Lines of stderr. */
  readonly lines: readonly string[];
  /** Above what it takes to start at all. */
  readonly extraMs: number;
}

/** Runs to its end. */
async function run(args: readonly string[], options: LaunchOptions = {}): Promise<Run> {
  const startMs = performance.now();
  const process = started.add(new WeftProcess(args, options));
  const ended = await process.exit();
  const lines = process.stderr.split('\n').filter((line) => line !== '');
  return { ...ended, process, lines, extraMs: performance.now() - startMs - loadMs };
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Weft on a port that is named; on another one when somebody else was quicker. */
async function serveOnFreePort(): Promise<readonly [weft: WeftProcess, port: number]> {
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    try {
      return [await started.weft('serve', { env: { METRICS_SERVER_PORT: port } }), port];
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
}

beforeAll(async () => {
  loadMs = (await run(['version'])).extraMs;
});
afterAll(() => started.endAll());

describe('L-01: a port that is taken', () => {
  let server: Server;
  let port: number;

  beforeAll(async () => {
    server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    port = (server.address() as AddressInfo).port;
    started.add({ close: () => void server.close() });
  });

  test('by another program: exit 1, host and port are named', async () => {
    const { code, lines, extraMs, process } = await run(['serve'], { env: { METRICS_SERVER_PORT: port } });
    expect(code).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`127.0.0.1:${port}`);
    expect(lines[0]).toMatch(/METRICS_SERVER_PORT/);
    expect(extraMs).toBeLessThan(REFUSAL_MS_MAX);
    expect(process.events('startup.failed')).toHaveLength(1);
    expect(process.events('startup')).toHaveLength(0);
  });

  test('by a second copy of weft: the first one goes on serving alone', async () => {
    // A port by its number: one that the system chose is not shared, whatever the library is told.
    const [first, taken] = await serveOnFreePort();
    const client = started.add(await first.client());
    const second = await run(['serve'], { env: { METRICS_SERVER_PORT: taken } });
    expect([second.code, second.lines[0]]).toEqual([1, expect.stringContaining(`127.0.0.1:${taken}`)]);
    expect(second.extraMs).toBeLessThan(REFUSAL_MS_MAX);
    expect((await client.get('/health')).status).toBe(200);
    expect(await first.stop()).toEqual({ code: 0, signal: null });
  });

  test('in a demo, where one part runs already: both end', async () => {
    const { code, lines } = await run(['demo'], { env: { METRICS_SERVER_PORT: port } });
    expect([code, lines[0]]).toEqual([1, expect.stringContaining(`127.0.0.1:${port}`)]);
  });

  test('of the simulator', async () => {
    const { code, lines } = await run(['simulate'], { env: { GENERATOR_PORT: port } });
    expect([code, lines[0]]).toEqual([1, expect.stringContaining(`127.0.0.1:${port}`)]);
    expect(lines[0]).toMatch(/GENERATOR_PORT/);
  });

  test('an address that is not of this machine', async () => {
    const { code, lines } = await run(['serve'], {
      env: { METRICS_SERVER_HOST: '203.0.113.1', INSECURE: 'true' },
    });
    expect([code, lines[0]]).toEqual([1, expect.stringContaining('203.0.113.1:0')]);
  });
});

describe('L-02: a wrong configuration: exit 78, a line for each mistake, nothing started', () => {
  /** `expected`: what each line begins with, in any order. */
  async function refused(args: readonly string[], options: LaunchOptions, expected: string[]): Promise<void> {
    const { code, lines, process } = await run(args, options);
    const places = lines.map((line) => line.replace(/^weft: /, '').split(/: | is /)[0]!);
    expect(places.sort()).toEqual(expected.sort());
    expect(code).toBe(78);
    expect([process.log, process.text]).toEqual([[], []]);
  }

  test('the environment', async () => {
    const env = {
      ...{ METRICS_SERVER_PORT: 70_000, POLL_MS: 'abc', WORKERS: -1, LOG_LEVEL: 'loud' },
      ...{ UPSTREAM_URL: 'ftp://somewhere/counters', MAX_STALE_MS: 5000, DATA_SWITCHES: '6 4' },
    };
    const names = ['METRICS_SERVER_PORT', 'POLL_MS', 'WORKERS', 'LOG_LEVEL', 'UPSTREAM_URL', 'DATA_SWITCHES'];
    await refused(['demo'], { env }, names);
  });

  test('flags', async () => {
    const flags = ['--metrics-server-port', '-1', '--pol-ms', '5', '--poll-timeout-ms', '1.5'];
    await refused(['serve', ...flags], {}, ['--metrics-server-port', '--pol-ms', '--poll-timeout-ms']);
  });

  test('a file, by path', async () => {
    const file = started.add(
      new ConfigFile({
        poll_ms: '5 minutes',
        colour: 'red',
        sources: [
          { id: 'a', url: 'http://127.0.0.1:1/', interval_ms: 1000, timeout_ms: 1000, max_stale_ms: 2000 },
          { id: 'a', url: 'http://127.0.0.1:2/', ragged: 'maybe' },
          { id: 'b', adress: 'http://127.0.0.1:3/' },
        ],
      }),
    );
    await refused(['serve', '--config', file.path], {}, [
      ...['poll_ms', 'colour', 'sources[0].max_stale_ms', 'sources[1].ragged', 'sources[2].adress'],
    ]);
  });

  test('a file that is not YAML, and one that is not there', async () => {
    const file = started.add(new ConfigFile('sources: [\n'));
    const broken = await run(['serve', '--config', file.path]);
    expect([broken.code, broken.lines[0]]).toEqual([78, expect.stringContaining(`${file.path}:`)]);
    const absent = await run(['serve', '--config', '/nonexistent/weft.yaml']);
    expect([absent.code, absent.lines[0]]).toEqual([78, expect.stringContaining('/nonexistent/weft.yaml')]);
  });

  test('no command, and one that is none', async () => {
    await refused([], {}, ['command']);
    await refused(['server'], {}, ['command']);
  });
});

describe('help and version', () => {
  test('are text, with exit 0, whatever else is wrong', async () => {
    const help = await run(['serve', '--help', '--pol-ms'], { env: { POLL_MS: 'abc' } });
    expect([help.code, help.lines]).toEqual([0, []]);
    expect(help.process.text.join('\n')).toMatch(/METRICS_SERVER_PORT[\s\S]*UPSTREAM_URL/);
    const version = await run(['--version']);
    expect([version.code, version.process.text]).toEqual([0, ['1.0.0']]);
  });
});
