import { describe, expect, it } from 'vitest';
import { tidy } from '../../../scripts/tidy/core.js';

/** `rule:line` of every finding of one file. */
function at(path: string, text: string): string[] {
  return tidy([{ path, text: `${text}\n` }], []).map((finding) => `${finding.rule}:${finding.line}`);
}

describe('library fences', () => {
  it.each([
    ['uWebSockets.js', 'src/server/a.ts', 'src/live/a.ts'],
    ['piscina', 'src/pool/a.ts', 'src/daemon.ts'],
    ['hdr-histogram-js', 'src/stats/a.ts', 'src/server/a.ts'],
    ['prom-client', 'src/stats/a.ts', 'src/server/a.ts'],
    ['pino', 'src/log/a.ts', 'src/main.ts'],
    ['undici', 'src/source/a.ts', 'workers/a.ts'],
  ])('%s: %s may, %s may not', (library, home, elsewhere) => {
    const text = `import { x } from '${library}';`;
    expect(at(home, text)).toEqual([]);
    expect(at('test/unit/a.test.ts', text)).toEqual([]);
    expect(at(elsewhere, text)).toEqual(['fence-library:1']);
    expect(at(elsewhere, `const x = require('${library}/sub');`)).toEqual(['fence-library:1']);
  });

  it('workers/ take move from piscina, and nothing else', () => {
    expect(at('workers/a.ts', `import { move } from 'piscina';`)).toEqual([]);
    expect(at('workers/a.ts', `import { move, Piscina } from 'piscina';`)).toEqual(['fence-library:1']);
    expect(at('workers/a.ts', `import * as piscina from 'piscina';`)).toEqual(['fence-library:1']);
  });
});

describe('clock fence', () => {
  it.each([
    'f(Date.now());',
    'const now = performance.now;',
    'f(new Date());',
    'f(Date());',
    'f(new Date);',
    'setTimeout(f, 1);',
    'const s = { setInterval };',
    'globalThis.setTimeout(f, 1);',
    'f(Math.random());',
    'f(process.hrtime.bigint());',
    'f(AbortSignal.timeout(5));',
    `import { setTimeout as wait } from 'node:timers/promises';`,
  ])('%s', (text) => {
    expect(at('src/pool/a.ts', text)).toEqual(['fence-clock:1']);
    expect(at('workers/a.ts', text)).toEqual(['fence-clock:1']);
    expect(at('src/model/clock.ts', text)).toEqual([]);
    expect(at('bench/a.ts', text)).toEqual([]);
  });

  it.each([
    'f(new Date(0).toISOString(), Date.UTC(2026, 0), Date.parse(text));',
    'socket.setTimeout(5);',
    'interface Timers { setTimeout(delayMs: number): void }',
    'setImmediate(f); queueMicrotask(f); clearTimeout(handle);',
    'f(Math.floor(clock.now()));',
    '// Date.now() in a comment, and in a string: \nf("Math.random()");',
  ])('allows %s', (text) => {
    expect(at('src/pool/a.ts', text)).toEqual([]);
  });
});

describe('environment fence', () => {
  it.each(['f(process.env);', 'f(process.env["HOME"]);', `import { env } from 'node:process';`])(
    '%s',
    (text) => {
      expect(at('src/server/a.ts', text)).toEqual(['fence-env:1']);
      expect(at('src/config/a.ts', text)).toEqual([]);
    },
  );

  it('allows the rest of process', () => {
    expect(at('src/server/a.ts', `import { arch } from 'node:process';\nf(process.argv);`)).toEqual([]);
  });
});

describe('shared memory fence', () => {
  it.each([
    'f(Atomics.load(words, 0));',
    'f(new SharedArrayBuffer(8));',
    'f(new DataView(buffer));',
    'f(new Float64Array(buffer, 8));',
    'f(new BigUint64Array(buffer, offset, 1));',
  ])('%s', (text) => {
    expect(at('src/parse/a.ts', text)).toEqual(['fence-memory:1']);
    expect(at('workers/a.ts', text)).toEqual(['fence-memory:1']);
    expect(at('src/snapshot/a.ts', text)).toEqual([]);
    expect(at('test/race/a.test.ts', text)).toEqual([]);
  });

  it('allows arrays of their own memory, and the types', () => {
    const text =
      'const a = new Float64Array(8);\nlet b: SharedArrayBuffer | DataView;\nconst c = (x: typeof Atomics) => x;';
    expect(at('src/parse/a.ts', text)).toEqual([]);
  });
});
