/** GET /telemetry/changes: what a live subscriber would be sent now, in one piece. */
import type { Fabric } from '../../fabric/fabric.js';
import type { Clock } from '../../model/clock.js';
import { ROWS_MAX } from '../../model/limits.js';
import { matchesEtag } from '../../query/etag.js';
import { listFreshness, requireLiveTable } from '../../query/freshness.js';
import { QueryParams } from '../../query/params.js';
import { parseNames, parseRows } from '../../query/selector.js';
import { liveSlice, type FrameSelection } from '../../view/frame-selection.js';
import { DIALECT_PARAMETER } from '../dialects.js';
import type { Exchange } from '../exchange.js';
import { headerLines } from '../header-block.js';
import { appendSnapshot } from '../snapshot-headers.js';

const JSON_LINE = headerLines({ 'Content-Type': 'application/json' });
const NAMES = ['since', 'fields', 'switches', 'where', 'sort', 'limit', 'view', 'int64', DIALECT_PARAMETER];

const encoder = new TextEncoder();

/** The hub's answer; live/ implements it. */
export interface ChangesSource {
  changesFrame(
    selection: FrameSelection,
    since: string,
  ): Promise<{ readonly snapshotId: string; readonly prefix: string; readonly body: Uint8Array }>;
}

export interface ChangesDeps {
  readonly fabric: Fabric;
  readonly hub: ChangesSource;
  readonly clock: Clock;
}

export async function handleChanges(exchange: Exchange, deps: ChangesDeps): Promise<void> {
  const { fabric, hub, clock } = deps;
  const params = new QueryParams(exchange.query, { names: NAMES, ignoreUnknown: false });
  const since = params.required('since');
  const selection = selectionOf(params);
  requireLiveTable(fabric, clock);
  const { snapshotId, prefix, body } = await hub.changesFrame(selection, since);
  const freshness = listFreshness(fabric, [], clock);
  const block = exchange.headers();
  // Last: the frame was made to learn whether the request was good at all.
  if (matchesEtag(exchange.ifNoneMatch, snapshotId)) {
    appendSnapshot(block, snapshotId, freshness);
    exchange.replyEmpty(304);
    return;
  }
  block.append(JSON_LINE);
  appendSnapshot(block, snapshotId, freshness);
  exchange.replyChunks(200, [encoder.encode(prefix), body]);
}

function selectionOf(params: QueryParams): FrameSelection {
  const fields = params.get('fields');
  const switches = params.get('switches');
  return {
    rows: switches === undefined ? null : parseRows(switches, 'switches'),
    ...liveSlice({
      metrics: fields === undefined ? null : parseNames(fields, 'fields'),
      view: params.get('view') ?? null,
      where: params.get('where') ?? null,
      sort: params.get('sort') ?? null,
      limit: params.integer('limit', 1, ROWS_MAX) ?? null,
    }),
    int64AsString: params.choice('int64', ['number', 'string']) === 'string',
  };
}
