/** Pages of random slices, while snapshots change: joined they are the list of the first one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listSelection, type ListRequest, type ListSelection } from '../../src/query/list-query.js';
import type { SortKey } from '../../src/query/sort.js';
import { BodyService } from '../../src/view/bodies.js';
import { CursorService } from '../../src/view/cursors.js';
import type { ListBody } from '../../src/view/list-body.js';
import { seededRandom } from '../fixtures/fake-clock.js';
import { InlineJobs } from '../fixtures/inline-jobs.js';
import { clause, COLUMNS, rows } from '../fixtures/naive-slices.js';
import { TableFixture, type Row } from '../fixtures/tables.js';

const REQUEST: ListRequest = {
  rawQuery: '',
  rawMetric: null,
  accept: '',
  dialect: null,
  rules: { extra: [], ignoreUnknown: false },
};
const MEBIBYTE = 1024 * 1024;

interface Listed {
  readonly snapshot_id: string;
  readonly items: readonly unknown[];
  readonly total: number;
}

/** Items as text: numbers beyond 2^53 with all their digits. */
function listed(body: ListBody): Listed & { readonly texts: readonly string[] } {
  const end = body.end({ ageMs: 1, dataTsMs: 0, staleSources: [] });
  const text = Buffer.concat([body.prefix, end]).toString();
  const parsed = JSON.parse(text) as Listed;
  const items = /"items":\[(.*)\],"total"/s.exec(text)![1]!;
  return { ...parsed, texts: items === '' ? [] : items.split(/(?<=\}),(?=\{)/) };
}

class World {
  readonly fixture = new TableFixture({ sources: ['a', 'b'] });
  readonly bodies: BodyService;
  readonly cursors: CursorService;

  constructor() {
    const { fabric, clock } = this.fixture;
    const common = { fabric, clock, jobs: new InlineJobs(), listBytesMax: MEBIBYTE, jobTimeoutMs: 1000 };
    this.bodies = new BodyService({ ...common, bodyCacheBytes: MEBIBYTE });
    const limits = { cursorBytesMax: MEBIBYTE, cursorTtlMs: 1000 };
    this.cursors = new CursorService({ ...common, ...limits, random: seededRandom(3) });
  }

  publish(source: string, all: readonly Row[]): void {
    this.fixture.publish(source, all, { columns: COLUMNS });
  }

  /** Publishes one of `later` before each page but the first. */
  async pages(selection: ListSelection, later: readonly (readonly Row[])[]): Promise<ListBody[]> {
    let page = await this.cursors.start(selection, REQUEST);
    const bodies = [page.body];
    for (let i = 0; page.nextCursor !== null; i++) {
      this.publish(i % 2 ? 'a' : 'b', later[i % later.length]!);
      page = this.cursors.page(page.nextCursor);
      bodies.push(page.body);
    }
    return bodies;
  }
}

const sort: fc.Arbitrary<SortKey[]> = fc.uniqueArray(
  fc.record({ field: fc.constantFrom('i', 'u', 'f', 'm', 't', '@key', '@source'), descending: fc.boolean() }),
  { selector: (key) => key.field, maxLength: 2 },
);

describe('cursors', () => {
  it('page through the snapshot of their start, exactly', async () => {
    await fc.assert(
      fc.asyncProperty(
        rows,
        rows,
        fc.array(rows, { minLength: 1, maxLength: 3 }),
        sort,
        fc.option(clause),
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 1, max: 7 }),
        async (first, second, later, keys, one, offset, limit) => {
          const world = new World();
          world.publish('a', first);
          world.publish('b', second);
          const slice = { sort: keys, where: one && { clauses: [one] }, offset };
          const whole = listed(await world.bodies.get(listSelection(slice), false));
          const pages = await world.pages(listSelection({ ...slice, limit }), later);
          const found = pages.map(listed);
          expect(found.flatMap(({ texts }) => texts)).toEqual(whole.texts);
          expect(found.slice(0, -1).every(({ items }) => items.length === limit)).toBe(true);
          for (const { snapshot_id: id, total } of found) {
            expect([id, total]).toEqual([whole.snapshot_id, whole.total]);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
