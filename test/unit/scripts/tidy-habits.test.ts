import { describe, expect, it } from 'vitest';
import { tidy } from '../../../scripts/tidy/core.js';

/** `rule:line` of every finding of one file. */
function at(path: string, text: string): string[] {
  return tidy([{ path, text }], []).map((finding) => `${finding.rule}:${finding.line}`);
}

describe('console', () => {
  it('is for main and for what does not ship', () => {
    expect(at('src/pool/a.ts', 'console.log(1);\n')).toEqual(['console:1']);
    expect(at('workers/a.ts', 'console.error(1);\n')).toEqual(['console:1']);
    expect(at('src/main.ts', 'console.log(1);\n')).toEqual([]);
    expect(at('bench/a.ts', 'console.log(1);\n')).toEqual([]);
  });
});

describe('types', () => {
  it('any, wherever it stands', () => {
    expect(at('src/model/a.ts', 'export const a = (x: any) => x;\n')).toEqual(['any:1']);
    expect(at('test/unit/a.test.ts', 'f(x as any);\n')).toEqual(['any:1']);
    expect(at('src/model/a.ts', 'export const any = (x: unknown) => x; // any\n')).toEqual([]);
  });

  it('switched-off type checks', () => {
    expect(at('src/model/a.ts', 'f();\n// @ts-ignore\nf(1);\n')).toEqual(['ts-ignore:2']);
    expect(at('src/model/a.ts', '// @ts-nocheck\nf(1);\n')).toEqual(['ts-ignore:1']);
    expect(at('src/model/a.ts', '// @ts-expect-error the field is not typed\nf(1);\n')).toEqual([]);
  });

  it('default exports, except where a tool asks for one', () => {
    expect(at('src/model/a.ts', 'export default 1;\n')).toEqual(['default-export:1']);
    expect(at('src/model/a.ts', 'export default function f() {}\n')).toEqual(['default-export:1']);
    expect(at('src/model/a.ts', 'export const f = 1;\n')).toEqual([]);
    expect(at('workers/a.ts', 'export default 1;\n')).toEqual([]);
    expect(at('test/vitest.config.mjs', 'export default {};\n')).toEqual([]);
  });
});

describe('leftovers', () => {
  it.each(['TODO', 'FIXME', 'XXX', 'HACK'])('%s in a comment', (word) => {
    expect(at('src/model/a.ts', `f();\nf(); // ${word}: later\n`)).toEqual(['leftover:2']);
    expect(at('src/model/a.ts', `/** ${word} */\nexport const a = 1;\n`)).toEqual(['leftover:1']);
    expect(at('src/model/a.ts', `f("${word}");\n// ${word.toLowerCase()}s are fine\n`)).toEqual([]);
  });
});

describe('focused and skipped tests', () => {
  const path = 'test/unit/a.test.ts';

  it('.only', () => {
    expect(at(path, `it.only('x', f);\n`)).toEqual(['only:1']);
    expect(at(path, `describe.only.each(rows)('x', f);\n`)).toEqual(['only:1']);
    expect(at(path, `it('x', f);\nlist.only(1);\n`)).toEqual([]);
  });

  it.each([
    `it.skip('reads it', f);\n`,
    `describe.skipIf(!present)('reads it', f);\n`,
    `it.todo('reads it');\n`,
    `const maybe = present ? it : it.skip;\n`,
    `it('x', (ctx) => { ctx.skip(); });\n`,
    `it('x', ({ skip }) => { skip(!present); });\n`,
  ])('a skip that does not say why: %s', (text) => {
    expect(at(path, text)).toEqual(['skip:1']);
  });

  it.each([
    `it.skip('reads it (skipped: needs two cores)', f);\n`,
    `describe.skipIf(!present)('reads it (needs ../shared/samples)', f);\n`,
    `it.runIf(isLinux)('reads /proc (only on Linux)', f);\n`,
    `it('x', (ctx) => { ctx.skip(!present, 'no samples here'); });\n`,
    `rows.skip(2);\n`,
  ])('a skip that says why: %s', (text) => {
    expect(at(path, text)).toEqual([]);
  });
});

describe('text rules', () => {
  it('processes are ended by handle', () => {
    const killer = 'pk' + 'ill';
    expect(at('scripts/a.sh', `set -e\n${killer} -f weft\n`)).toEqual(['kill-by-name:2']);
    expect(at('scripts/a.sh', 'kill "$pid"\n')).toEqual([]);
  });

  it('paths of one machine', () => {
    const folder = '/wo' + 'rk';
    const library = '.lib' + 'rary';
    expect(at('docs/a.md', `see ${folder}/main\n`)).toEqual(['machine-path:1']);
    expect(at('src/model/a.ts', `f('${folder}/x');\n`)).toEqual(['machine-path:1']);
    expect(at('docs/a.md', `see ${library}/env\n`)).toEqual(['machine-path:1']);
    expect(at('docs/a.md', `see src${folder}/x and a library\n`)).toEqual([]);
    expect(at('src/model/a.ts', `f(x${library});\n`)).toEqual([]);
  });

  it('UTF-8 without a mark, LF, and a last newline', () => {
    expect(at('docs/a.md', 'a\nb\uFFFD\n')).toEqual(['encoding:2']);
    expect(at('docs/a.md', '\uFEFFa\n')).toEqual(['encoding:1']);
    expect(at('docs/a.md', 'a\nb\r\n')).toEqual(['encoding:2']);
    expect(at('docs/a.md', 'a\nb')).toEqual(['encoding:2']);
    expect(at('docs/a.md', 'ä → ß\n')).toEqual([]);
  });

  it('file names are kebab-case', () => {
    expect(at('src/model/rowIndex.ts', '')).toEqual(['file-name:1']);
    expect(at('src/model/row_index.ts', '')).toEqual(['file-name:1']);
    expect(at('test/unit/row-index.test.ts', '')).toEqual([]);
  });
});
