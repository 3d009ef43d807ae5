/**
 * Small lists that were answered before, as bytes that lack nothing but their age: whoever asks for the
 * same of the same snapshot is answered as a GetMetric is (quick.ts).
 */
import type { Fabric } from '../../fabric/fabric.js';
import type { SourceStatus } from '../../fabric/source-status.js';
import type { Clock } from '../../model/clock.js';
import { acceptsGzip } from '../../query/accept.js';
import type { KeptBody } from '../../query/get-metric.js';
import { dependsOnAge, type ListRequest, type ListSelection } from '../../query/list-query.js';
import type { BodyService } from '../../view/bodies.js';
import type { ListBody } from '../../view/list-body.js';
import type { QuickAnswer } from '../quick.js';
import { RecentWall } from '../recent-wall.js';
import type { RequestHead } from '../request-head.js';
import { SnapshotPrefix } from '../snapshot-headers.js';
import { AGE_BYTES_MAX, AGE_MS_MAX, withAge } from './kept-body.js';
import { KEY_LENGTH_MAX, listKey } from './known-lists.js';

const ENTRIES_MAX = 256;
/** Larger ones are sent a slice at a time, as fast as the client takes them. */
const BODY_BYTES_MAX = 32 * 1024;

interface KeptList {
  readonly body: KeptBody;
  readonly prefix: SnapshotPrefix;
  /** Whose rows are in it. */
  readonly sources: readonly SourceStatus[];
}

export interface QuickListDeps {
  readonly fabric: Fabric;
  readonly bodies: BodyService;
  readonly clock: Clock;
}

export class QuickLists {
  readonly #deps: QuickListDeps;
  readonly #kept = new Map<string, KeptList>();
  readonly #wall: RecentWall;

  constructor(deps: QuickListDeps) {
    this.#deps = deps;
    this.#wall = new RecentWall(deps.clock);
  }

  get size(): number {
    return this.#kept.size;
  }

  /** A request was answered with this body. */
  keep({ rawQuery, rawMetric, accept }: ListRequest, selection: ListSelection, body: ListBody): void {
    const key = listKey(rawQuery, accept);
    const isFit = body.contentEncoding === null && body.prefix.length <= BODY_BYTES_MAX;
    if (!isFit || rawMetric !== null || key.length > KEY_LENGTH_MAX || dependsOnAge(selection)) return;
    const sources = this.#deps.fabric.sources.filter(({ id }) => body.sourceIds.includes(id));
    if (sources.length === 0 || this.#kept.get(key)?.body.snapshotId === body.snapshotId) return;
    // The oldest one goes: those that are asked for are kept anew at each publish.
    this.#kept.delete(key);
    if (this.#kept.size >= ENTRIES_MAX) this.#kept.delete(this.#kept.keys().next().value!);
    this.#kept.set(key, { body: keptBody(body), prefix: new SnapshotPrefix(body.contentType), sources });
  }

  find(query: string, startMs: number, { accept, acceptEncoding }: RequestHead): QuickAnswer | undefined {
    const { table } = this.#deps.fabric;
    const kept = this.#kept.get(listKey(query, accept));
    if (kept === undefined || kept.body.snapshotId !== table?.snapshotId) return undefined;
    if (acceptEncoding !== '' && acceptsGzip(acceptEncoding)) return undefined;
    let dataTsMs = Infinity;
    for (const source of kept.sources) {
      if (source.dataTsMs === null || source.isStale(startMs)) return undefined;
      dataTsMs = Math.min(dataTsMs, source.dataTsMs);
    }
    const ageMs = Math.max(0, Math.round(this.#wall.at(startMs) - dataTsMs));
    if (ageMs > AGE_MS_MAX) return undefined;
    this.#deps.bodies.countHit();
    const { prefix, body } = kept;
    return { prefix, snapshotId: body.snapshotId, ageMs, dataTsMs, body: withAge(body, ageMs) };
  }
}

/** With no age in it: the first to answer with it writes one. */
function keptBody({ snapshotId, prefix, beforeAge }: ListBody): KeptBody {
  if (beforeAge === null) return { snapshotId, bytes: prefix, ageAt: -1, ageMs: -1, view: prefix };
  const ageAt = prefix.length + beforeAge.length;
  const bytes = new Uint8Array(ageAt + AGE_BYTES_MAX);
  bytes.set(prefix);
  bytes.set(Buffer.from(beforeAge, 'latin1'), prefix.length);
  return { snapshotId, bytes, ageAt, ageMs: -1, view: bytes };
}
