import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { OPTION_ROWS } from '../../../src/config/options.js';
import { configOf, load, mistakesOf, plainLine } from './load-helper.js';
import { SECURITY_DEFAULTS } from './security-defaults.js';

const MIB = 1024 * 1024;

const RECORDING_DEFAULTS = {
  recordOut: null,
  recordBytesMax: 1024 * MIB,
  recordDurationMs: null,
  recordGzip: false,
  replayDir: null,
  replaySpeed: 1,
  replayLoop: false,
  replaySource: null,
  replayTimes: 'shifted',
  replaySkipFailures: false,
};

const RATES = { columns: ['*'], gauges: [], counters: [], bytesMax: 64 * MIB };
/** What the names of rows and columns are without configuration. */
const NAMING = { key: null, xdrKey: false, guidKeys: 'canonical', rename: {}, drop: [], alias: {} };

const HISTORY_DEFAULTS = {
  historyColumns: [],
  historyWindowMs: 130 * 60_000,
  historyRows: 40_000,
  historyBytesMax: 256 * MIB,
};

const PARSE_DEFAULTS = {
  ...NAMING,
  time: null,
  text: [],
  missing: [],
  units: {},
  ragged: 'reject',
  duplicateRows: 'reject',
  duplicateColumns: 'reject',
  schemaChange: 'accept',
  requireFinalNewline: true,
  allowEmpty: false,
  delimiter: null,
};

describe('defaults', () => {
  test('are those of the contract', () => {
    expect(configOf({})).toEqual({
      configFile: null,
      defaultUpstream: true,
      serverHost: '127.0.0.1',
      serverPort: 8080,
      readers: 1,
      connectionsMax: 0,
      inFlightBytesMax: 256 * MIB,
      loopDelayMsMax: 1000,
      defaultDialect: 'none',
      accessLog: 'errors',
      ...RECORDING_DEFAULTS,
      ...SECURITY_DEFAULTS,
      pollMs: 1500,
      pollTimeoutMs: 5000,
      staleMsMax: null,
      bodyBytesMax: 512 * MIB,
      decodedBytesMax: 1024 * MIB,
      missingRowsMax: 10_000,
      missingKeepMs: 86_400_000,
      ...{ rateColumns: ['*'], rateBytesMax: 64 * MIB },
      bodyCacheBytes: 256 * MIB,
      cursorBytesMax: 64 * MIB,
      cursorTtlMs: 60_000,
      listBytesMax: 256 * MIB,
      frameCellsMax: 8_000_000,
      slowClientMs: 60_000,
      liveIdleMs: 60_000,
      subscriptionsMax: 64,
      ...HISTORY_DEFAULTS,
      workers: Math.min(4, Math.max(1, availableParallelism() - 1)),
      workerHeapMb: 512,
      stateDir: null,
      stateIntervalMs: 10_000,
      parseTimeoutMs: 60_000,
      logLevel: 'info',
      shutdownTimeoutMs: 10_000,
      generatorHost: '127.0.0.1',
      generatorPort: 9001,
      dataSwitches: 64,
      dataIntervalSec: 10,
      generatorColumns: 120,
      generatorSeed: 1,
      generatorDialect: 'envelope',
      fault500Pct: 0,
      faultSlowMs: 0,
      sources: [
        {
          id: 'default',
          url: 'http://127.0.0.1:9001/counters',
          push: false,
          intervalMs: 1500,
          timeoutMs: 5000,
          staleMsMax: 60_000,
          headers: {},
          bodyBytesMax: 512 * MIB,
          decodedBytesMax: 1024 * MIB,
          parse: PARSE_DEFAULTS,
          rates: RATES,
        },
      ],
    });
  });

  test('are allowed values themselves', () => {
    for (const [key, spec] of OPTION_ROWS) {
      const value = spec.fallback();
      if (value === null) continue;
      const given = spec.kind.schema.safeParse(spec.kind.format(value as never));
      expect(given.success && given.data, key).toEqual(value);
    }
  });

  test('are frozen all the way down', () => {
    const config = configOf({ file: 'sources:\n  - {id: a, url: "http://h/c", key: [x], units: {t: C}}\n' });
    const source = config.sources[0]!;
    for (const part of [config, config.sources, source, source.parse, source.parse.key, source.parse.units]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });
});

describe('precedence', () => {
  const file = 'poll_ms: 4000\n';
  test('file before default', () => expect(configOf({ file }).pollMs).toBe(4000));
  test('environment before file', () =>
    expect(configOf({ file, env: { POLL_MS: '3000' } }).pollMs).toBe(3000));
  test('flag before environment', () => {
    expect(configOf({ argv: ['serve', '--poll-ms', '2000'], file, env: { POLL_MS: '3000' } }).pollMs).toBe(
      2000,
    );
  });
  test('a weaker value that is overridden is still checked', () => {
    const mistakes = mistakesOf({
      argv: ['serve', '--poll-ms', '2000'],
      file: 'poll_ms: x',
      env: { POLL_MS: '0' },
    });
    expect(mistakes.map((line) => line.split(':')[0])).toEqual(['POLL_MS', 'poll_ms']);
  });
  test('the file itself is named by flag or WEFT_CONFIG', () => {
    expect(configOf({ file }).configFile).toBe('weft.yaml');
    expect(mistakesOf({ env: { WEFT_CONFIG: 'gone.yaml' } })).toEqual([
      'gone.yaml: cannot read the configuration file: ENOENT',
    ]);
  });
});

describe('every option', () => {
  for (const [key, spec] of OPTION_ROWS) {
    const command = spec.commands[0]!;
    test(`${spec.name} is refused as flag and in the environment with one line that says what is allowed`, () => {
      if (key === 'configFile') return; // its own test below
      const bad = '\u0001 bad';
      const shown =
        key === 'upstreamUrls' ? ['--upstream-url', 'UPSTREAM_URL'] : [`--${spec.name}`, spec.env];
      const mistakes = mistakesOf({
        argv: [...plainLine(command, key), `--${spec.name}=${bad}`],
        env: { [spec.env]: bad },
      });
      expect(mistakes.map((line) => line.slice(0, line.indexOf(':')))).toEqual(shown);
      for (const line of mistakes) expect(line).toContain('allowed: ');
    });
  }

  test('has names of its own, all derived alike', () => {
    const names = OPTION_ROWS.flatMap(([, spec]) => [spec.name, spec.env, spec.fileKey ?? spec.name]);
    for (const [, spec] of OPTION_ROWS) {
      if (spec.name === 'config') continue;
      const derived = spec.name.toUpperCase().replaceAll('-', '_');
      // Short flags of one command say in the environment whose they are.
      const owners = ['', ...spec.commands.map((command) => `${command.toUpperCase()}_`), 'WEFT_'];
      expect(owners.map((owner) => owner + derived)).toContain(spec.env);
    }
    const envs = OPTION_ROWS.map(([, spec]) => spec.env);
    expect(new Set(envs).size).toBe(envs.length);
    expect(names).toContain('METRICS_SERVER_PORT');
  });
});

describe('relations between options', () => {
  test('the bytes under way must hold one list, and by default follow it', () => {
    expect(configOf({ env: { MAX_LIST_BYTES: '512MiB' } }).inFlightBytesMax).toBe(512 * MIB);
    expect(configOf({ env: { MAX_LIST_BYTES: '1MiB' } }).inFlightBytesMax).toBe(256 * MIB);
    expect(mistakesOf({ env: { MAX_LIST_BYTES: '2MiB', IN_FLIGHT_BYTES_MAX: '1MiB' } })).toEqual([
      'IN_FLIGHT_BYTES_MAX: 1MiB is not allowed, allowed: at least MAX_LIST_BYTES (2MiB): the largest list must fit',
    ]);
  });
});

describe('mistakes', () => {
  test('come all at once, one line each, in the order of places', () => {
    const mistakes = mistakesOf({
      argv: ['serve', '--metrics-server-port', '70000', '--pol-ms=5', '--poll-timeout-ms'],
      env: { POLL_MS: 'abc', LOG_LEVEL: 'loud', HOME: '/root', POLL_SM: '1' },
      file: 'workers: 0\nwrokers: 2\nsources:\n  - {id: a, url: "http://h/c", interval_ms: soon}\n',
    });
    expect(mistakes).toEqual([
      '--pol-ms: is no flag of weft (did you mean poll-ms?)',
      '--poll-timeout-ms: needs a value, allowed: a whole number from 10 to 3600000 (ms)',
      '--metrics-server-port: "70000" is not allowed, allowed: a whole number from 0 to 65535',
      'POLL_MS: "abc" is not allowed, allowed: a whole number from 10 to 86400000 (ms)',
      'LOG_LEVEL: "loud" is not allowed, allowed: one of debug, info, warn, error, fatal, silent',
      'wrokers: is no key of the configuration file (did you mean workers?)',
      'workers: 0 is not allowed, allowed: a whole number from 1 to 64',
      'sources[0].interval_ms: "soon" is not allowed, allowed: a whole number from 10 to 86400000 (ms)',
    ]);
  });

  test('never span lines, whatever a value or a name holds', () => {
    const mistakes = mistakesOf({
      argv: ['serve', '--poll-ms', 'a\nb: fine', '--x\ny=1'],
      env: { WORKERS: '1\u2028\r\n2' },
      file: '"a\\nb": 1\n',
    });
    expect(mistakes).toHaveLength(4);
    for (const line of mistakes) expect(line).not.toMatch(/[\u0000-\u001f\u2028\u2029]/);
  });

  test('are cut when a value is long, and counted when they are many', () => {
    expect(mistakesOf({ env: { POLL_MS: 'x'.repeat(10_000) } })[0]!.length).toBeLessThan(200);
    const keys = Array.from({ length: 500 }, (_, index) => `zzzz${index}zzzzzzzzzz: 1`).join('\n');
    const many = mistakesOf({ file: keys });
    expect(many).toHaveLength(201);
    expect(many.at(-1)).toBe('and 300 more mistakes');
  });

  test('leave no configuration to run with', () => {
    expect(load({ env: { POLL_MS: '' } })).toEqual({
      ok: false,
      mistakes: [expect.stringContaining('POLL_MS: ""')],
    });
  });
});
