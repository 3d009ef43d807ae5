/** L: starts on systems that are not fit, and starts again and again. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { goodBody } from '../fixtures/fault-world.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started, WeftProcess } from '../fixtures/weft-process.js';

const CLEAN = { code: 0, signal: null };
const MIB = 1024 * 1024;

const started = new Started();
afterAll(() => started.endAll());

test('L-09: a weft that is killed again and again asks its upstream once a start', async () => {
  const STARTS = 6;
  const upstream = started.add(await Upstream.start());
  upstream.mode = 'reset';
  for (let start = 1; start <= STARTS; start++) {
    const process = started.add(
      new WeftProcess(['serve'], { env: { UPSTREAM_URL: upstream.url(), POLL_MS: 60_000 } }),
    );
    await until('a poll that failed', () => process.events('poll.error').length > 0);
    await process.kill();
    expect(upstream.requests).toHaveLength(start);
  }
});

describe('L-10: a native part that does not load: exit 78, one sentence that says what to do', () => {
  const preload = fileURLToPath(new URL('../fixtures/broken-native.js', import.meta.url));

  test.each([
    ['an older glibc', "/lib/libc.so.6: version `GLIBC_2.38' not found (required by uws.node)"],
    ['another Node', 'The module uws.node was compiled against a different Node.js version'],
    ['no glibc', 'Error relocating uws.node: __cxa_thread_atexit_impl: symbol not found'],
  ])('%s', async (_what, BROKEN_NATIVE) => {
    const process = started.add(
      new WeftProcess(['serve'], { nodeFlags: ['--import', preload], env: { BROKEN_NATIVE } }),
    );
    expect(await process.exit()).toEqual({ code: 78, signal: null });
    const lines = process.stderr.trimEnd().split('\n');
    expect(lines).toEqual([expect.stringMatching(/^weft: cannot load uWebSockets\.js with Node v/)]);
    expect(lines[0]).toMatch(/ABI \d+.*(glibc \d|without glibc).*: run Node \d+ with glibc/);
    expect(process.events('startup.failed')).toMatchObject([{ level: 'FATAL' }]);
    expect(process.events('startup')).toEqual([]);
  });
});

/** Process 1 of its own namespace on a read-only root, as nobody and without any right. */
const CONTAINED = [
  'unshare',
  ...['--mount', '--pid', '--fork', '--kill-child=SIGKILL', 'sh', '-c'],
  'mount --make-rprivate / && mount -o remount,bind,ro / && mount -t proc proc /proc && ' +
    'exec setpriv --reuid 65532 --regid 65532 --clear-groups --bounding-set=-all --inh-caps=-all ' +
    '--no-new-privs "$@"',
  'sh',
];
const canContain = spawnSync(CONTAINED[0]!, [...CONTAINED.slice(1), 'true']).status === 0;

test.skipIf(!canContain)(
  'L-11: as process 1, user 65532, without rights, on a read-only root (needs unshare and setpriv as root)',
  async () => {
    const upstream = started.add(await Upstream.start());
    upstream.body = Buffer.from(goodBody(1, 5000));
    const env = { UPSTREAM_URL: upstream.url(), WORKERS: 2, NODE_OPTIONS: '--max-old-space-size=512' };
    const process = await started.weft('serve', { under: CONTAINED, env });
    const weft = started.add(await process.client());
    await until('ready', async () => (await weft.get('/health/ready')).status === 200);
    expect((await weft.json('/telemetry/ListMetrics'))['total']).toBe(5000);

    const outer = process.child.pid!;
    const pid = Number(readFileSync(`/proc/${outer}/task/${outer}/children`, 'utf8').trim());
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\s+65532\s+65532\s+65532\s+65532$/m);
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    expect(status).toMatch(/^CapBnd:\s+0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(status).toMatch(/^NSpid:.*\s1$/m);
    // The limit of docs/compose.yaml.
    expect(Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * 1024).toBeLessThan(256 * MIB);
    globalThis.process.kill(pid, 'SIGTERM');
    expect(await process.exit()).toEqual(CLEAN);
    expect(process.stderr).toBe('');
  },
);

test('L-12: weft listens on no unix socket: a path for a host is refused, and left alone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-socket-'));
  const path = join(folder, 'weft.sock');
  const server = createServer().listen(path);
  await new Promise((resolve) => server.once('listening', resolve));
  started.add({
    close: () => {
      server.close();
      rmSync(folder, { recursive: true });
    },
  });
  for (const host of [path, `unix:${path}`, `./${path}`]) {
    const weft = started.add(new WeftProcess(['serve'], { env: { METRICS_SERVER_HOST: host } }));
    const { code } = await weft.exit();
    expect([host, code]).toEqual([host, 78]);
    expect(weft.stderr).toMatch(/^weft: METRICS_SERVER_HOST: .* is not allowed/);
    expect(weft.stderr).toContain(host);
    expect(weft.events('startup')).toEqual([]);
    expect(server.listening).toBe(true);
  }
});
