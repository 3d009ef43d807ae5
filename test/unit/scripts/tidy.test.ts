import { describe, expect, it } from 'vitest';
import { formatFinding, tidy } from '../../../scripts/tidy/core.js';
import type { HotFunction } from '../../../scripts/tidy/hot.js';

/** `rule@path:line` of every finding: short enough to compare whole lists. */
function broken(files: Record<string, string>, hot: readonly HotFunction[] = []): string[] {
  const sources = Object.entries(files).map(([path, text]) => ({
    path,
    text: text === '' ? '' : `${text}\n`,
  }));
  return tidy(sources, hot).map((finding) => `${finding.rule}@${finding.file}:${finding.line}`);
}

/** The findings of one file. */
function at(path: string, text: string): string[] {
  return broken({ [path]: text }).map((finding) => finding.replace(`@${path}`, ''));
}

const fn = (name: string, lines: number): string =>
  `export function ${name}(): void {\n${'  f();\n'.repeat(lines - 2)}}`;

describe('layers', () => {
  it.each([
    ['src/model/a.ts', '../config/b.js', 'a lower layer sees a higher one'],
    ['src/parse/a.ts', '../pool/b.js', 'two folders of one layer'],
    ['src/query/a.ts', '../view/b.js', 'query sees view'],
    ['src/server/routes/a.ts', '../../daemon.js', 'server sees the composition root'],
    ['src/daemon.ts', './main.js', 'the daemon sees main'],
    ['workers/a.ts', '../src/server/b.js', 'a worker sees the server'],
    ['workers/a.ts', '../src/pool/b.js', 'a worker sees the pool'],
    ['src/pool/a.ts', '../../workers/b.js', 'src sees a worker entry'],
    ['src/model/a.ts', '../../test/helper.js', 'src sees a test'],
    ['scripts/a.ts', '../bench/b.js', 'a script sees a bench'],
  ])('%s may not import %s: %s', (path, specifier) => {
    expect(at(path, `import { b } from '${specifier}';`)).toEqual(['layer:1']);
    expect(at(path, `\nimport type { B } from '${specifier}';`)).toEqual(['layer:2']);
    expect(at(path, `export type B = import('${specifier}').B;`)).toEqual(['layer:1']);
    expect(at(path, `export const b = await import('${specifier}');`)).toEqual(['layer:1']);
  });

  it.each([
    ['src/config/a.ts', '../model/b.js'],
    ['src/server/routes/a.ts', '../guards/b.js'],
    ['src/server/a.ts', '../live/b.js'],
    ['src/daemon.ts', './server/b.js'],
    ['src/main.ts', './daemon.js'],
    ['src/config/version.ts', '../../package.json'],
    ['workers/a.ts', '../src/parse/b.js'],
    ['workers/a.ts', './b.js'],
    ['bench/a.ts', '../src/server/b.js'],
    ['bench/a.ts', '../test/fixtures/b.js'],
    ['test/unit/a.ts', '../../workers/b.js'],
    ['scripts/a.ts', '../src/config/b.js'],
  ])('%s may import %s', (path, specifier) => {
    expect(at(path, `import { b } from '${specifier}';`)).toEqual([]);
  });

  it('a folder of src/ that is on no layer', () => {
    expect(at('src/misc/a.ts', '')).toEqual(['layer:1']);
    expect(at('src/model/a.ts', '')).toEqual([]);
  });
});

describe('cycles', () => {
  const a = 'src/model/a.ts';
  const b = 'src/model/b.ts';
  const c = 'src/model/c.ts';

  it('three files in a circle, told once, with the way round', () => {
    const files = [
      { path: a, text: `import { b } from './b.js';\n` },
      { path: b, text: `import type { C } from './c.js';\n` },
      { path: c, text: `import { a } from './a.js';\n` },
    ];
    const findings = tidy(files, []);
    expect(findings.map((finding) => finding.rule)).toEqual(['cycle']);
    expect(findings[0]?.message).toContain(`${a} -> ${b} -> ${c} -> ${a}`);
  });

  it('a file that imports itself', () => {
    expect(at(a, `import { x } from './a.js';`)).toEqual(['cycle:1']);
  });

  it('a diamond is no cycle', () => {
    const top = `import { b } from './b.js';\nimport { c } from './c.js';`;
    const side = `import { d } from './d.js';`;
    expect(broken({ [a]: top, [b]: side, [c]: side, 'src/model/d.ts': '' })).toEqual([]);
  });
});

describe('barrel files', () => {
  it('an index that re-exports', () => {
    expect(at('src/model/index.ts', `export const x = 1;\nexport { y } from './y.js';`)).toEqual([
      'barrel:2',
    ]);
    expect(at('src/model/index.ts', `export const x = 1;`)).toEqual([]);
  });

  it('a file of another name that does nothing else', () => {
    expect(at('src/model/all.ts', `export * from './y.js';`)).toEqual(['barrel:1']);
    expect(at('src/model/all.ts', `export { y } from './y.js';\nexport const x = 1;`)).toEqual([]);
  });
});

describe('sizes', () => {
  it('a file of 251 lines', () => {
    expect(at('src/model/a.ts', 'f();\n'.repeat(250).trimEnd())).toEqual([]);
    expect(at('src/model/a.ts', 'f();\n'.repeat(251).trimEnd())).toEqual(['file-length:1']);
  });

  it('a function of 71 lines; its doc comment does not count', () => {
    expect(at('src/model/a.ts', `/**\n * x\n */\n${fn('long', 70)}`)).toEqual([]);
    expect(at('src/model/a.ts', fn('long', 71))).toEqual(['function-length:1']);
  });

  it('methods, arrows and what stands inside a function count as well', () => {
    const body = 'f();\n'.repeat(70);
    expect(at('src/model/a.ts', `class A {\n  m() {\n${body}  }\n}`)).toEqual(['function-length:2']);
    expect(at('src/model/a.ts', `const a = () => {\n${body}};`)).toEqual(['function-length:1']);
    expect(at('src/model/a.ts', `function outer() {\n${fn('inner', 70)}\n}`)).toEqual(['function-length:1']);
  });

  it('in test/ a suite may be long, a case may not', () => {
    const suite = (lines: number): string => `describe('s', () => {\n${'f();\n'.repeat(lines)}});`;
    const testCase = (lines: number): string => `it('c', () => {\n${'f();\n'.repeat(lines)}});`;
    const contract = `export function contract(): void {\ndescribe('s', () => {\n${`${testCase(60)}\n`.repeat(2)}});\n}`;
    expect(at('test/unit/a.test.ts', contract)).toEqual([]);
    expect(at('test/unit/a.test.ts', testCase(69))).toEqual(['function-length:1']);
    expect(at('test/unit/a.test.ts', suite(69))).toEqual(['function-length:1']);
  });
});

describe('hot table', () => {
  const file = 'src/parse/scanner.ts';
  const bench = 'bench/parse.ts';
  const entry = { file, name: 'scan', bench };

  it('lets a named function be long', () => {
    expect(broken({ [file]: fn('scan', 90), [bench]: '' }, [entry])).toEqual([]);
    expect(broken({ [file]: fn('other', 90), [bench]: '' }, [{ ...entry, name: 'scan' }])).toEqual([
      `function-length@${file}:1`,
      `hot-table@${file}:1`,
    ]);
  });

  it('names methods by class', () => {
    const text = `class Writer {\n  put() {\n${'f();\n'.repeat(80)}  }\n}`;
    expect(broken({ [file]: text, [bench]: '' }, [{ ...entry, name: 'Writer.put' }])).toEqual([]);
  });

  it('must name files and benches that exist', () => {
    expect(broken({ [bench]: '' }, [entry])).toEqual([`hot-table@${file}:1`]);
    expect(broken({ [file]: fn('scan', 90) }, [entry])).toEqual([`hot-table@${file}:1`]);
    const notABench = { ...entry, bench: 'src/model/a.ts' };
    expect(broken({ [file]: fn('scan', 90), 'src/model/a.ts': '' }, [notABench])).toEqual([
      `hot-table@${file}:1`,
    ]);
  });
});

it('findings read file:line rule message (fix), sorted', () => {
  const files = [
    { path: 'src/b.ts', text: 'f(1);\nf(Date.now());\n' },
    { path: 'src/a.ts', text: 'f(process.env);\n' },
  ];
  expect(tidy(files, []).map(formatFinding)).toEqual([
    'src/a.ts:1 fence-env process.env (read it in src/config/ and pass the value down)',
    'src/b.ts:2 fence-clock Date.now (inject Clock or Random of src/model/clock.ts)',
  ]);
});
