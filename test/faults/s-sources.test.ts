/** Where a configured source may point, asked of the real process. */
import { afterEach, describe, expect, test } from 'vitest';
import { ConfigFile } from '../fixtures/config-file.js';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started, WeftProcess } from '../fixtures/weft-process.js';

const started = new Started();

afterEach(() => started.endAll());

/** Lines of stderr of a start that must fail as a mistake of the configuration. */
async function refusedAtLoad(
  urls: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const sources = urls.map((url, i) => ({ id: `s${i}`, url }));
  const file = started.add(new ConfigFile({ sources }));
  const weft = started.add(new WeftProcess(['serve'], { env, flags: ['--config', file.path] }));
  expect(await weft.exit()).toEqual({ code: 78, signal: null });
  expect(weft.events('startup')).toEqual([]);
  return weft.stderr.trim().split('\n');
}

/** Node's resolver as an attacker's: the name `moves.test` is first one address, then two. */
const REBINDING = `
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
const real = dns.lookup;
let asked = 0;
dns.lookup = (name, options, done) => {
  if (name !== 'moves.test') return real(name, options, done);
  const safe = { address: '127.0.0.1', family: 4 };
  const metadata = { address: '169.254.169.254', family: 4 };
  process.nextTick(done, null, ++asked < 3 ? [safe] : [safe, metadata]);
};
syncBuiltinESMExports();`;

describe('S-04 where a source may point', () => {
  test('S-04 metadata, link-local and reserved addresses are refused at load by default', async () => {
    const lines = await refusedAtLoad([
      'http://169.254.169.254/latest/meta-data/',
      'http://[fe80::1]:9001/c',
      'http://[fd00:ec2::254]/c',
      'http://0.0.0.0:9001/c',
      'http://[64:ff9b::a9fe:a9fe]/c',
    ]);
    expect(lines).toHaveLength(5);
    for (const [i, line] of lines.entries()) {
      expect(line).toMatch(
        new RegExp(`^weft: source s${i}: cannot be fetched from there: .*SOURCE_NETWORKS`),
      );
    }
  });

  test('S-04 octal, decimal and IPv4-mapped addresses, and user names, are refused whatever is allowed', async () => {
    const urls = [
      'http://0251.0376.0251.0376/c',
      'http://2852039166/c',
      'http://[::ffff:169.254.169.254]/c',
      'http://user:hunter22@127.0.0.1/c',
    ];
    const lines = await refusedAtLoad(urls, { SOURCE_NETWORKS: 'any' });
    expect(lines).toHaveLength(4);
    expect(lines.filter((line) => /four decimal numbers/.test(line))).toHaveLength(3);
    expect(lines.join('\n')).not.toContain('hunter22');
  });

  test('S-04 private addresses, files, sockets and ports are refused where the policy says so', async () => {
    const lines = await refusedAtLoad(
      [
        'http://127.0.0.1/c',
        'http://10.0.0.1/c',
        'http://[fd12::1]/c',
        'file:///etc/passwd',
        'http://8.8.8.8:22/c',
      ],
      { SOURCE_NETWORKS: 'public', SOURCE_SCHEMES: 'http,https', SOURCE_PORTS: '80,443,9000-9100' },
    );
    expect(
      lines.map((line) => /s(\d): .*(SOURCE_(?:NETWORKS|SCHEMES|PORTS))/.exec(line)?.slice(1, 3).join(' ')),
    ).toEqual([
      '0 SOURCE_NETWORKS',
      '1 SOURCE_NETWORKS',
      '2 SOURCE_NETWORKS',
      '3 SOURCE_SCHEMES',
      '4 SOURCE_PORTS',
    ]);
  });

  test('S-04 a name is refused by what it means at each connection', async () => {
    const upstream = started.add(await Upstream.start());
    upstream.headers = { Connection: 'close' };
    const env = { UPSTREAM_URL: `http://moves.test:${upstream.port}/counters` };
    const nodeFlags = ['--import', `data:text/javascript,${encodeURIComponent(REBINDING)}`];
    const weft = await started.weft('serve', { env, nodeFlags });
    const client = started.add(await weft.client());
    const failed = await until('a refused poll', () => weft.events('poll.error')[0]);
    expect(failed).toMatchObject({ result: 'connect', level: 'WARN' });
    expect(String(failed['msg'])).toMatch(
      /moves\.test resolves to 169\.254\.169\.254.*SOURCE_NETWORKS=private/,
    );
    // What was fetched before is served, and nothing was fetched after.
    expect(upstream.requests).toHaveLength(2);
    const cell = '/telemetry/GetMetric?switch_id=sw-000&metric=cpu_util_pct';
    expect(await client.json(cell)).toMatchObject({ value: 34.1 });
  });

  test('S-04 a name of the loopback is refused where only public addresses are allowed', async () => {
    const upstream = started.add(await Upstream.start());
    const env = { UPSTREAM_URL: `http://localhost:${upstream.port}/counters`, SOURCE_NETWORKS: 'public' };
    const weft = await started.weft('serve', { env });
    const failed = await until('a refused poll', () => weft.events('poll.error')[0]);
    expect(String(failed['msg'])).toMatch(/localhost resolves to .* private or loopback/);
    expect(upstream.connections).toBe(0);
  });
});
