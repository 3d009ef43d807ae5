/** What readers of a simulated world ask and check; and one that polls GET /telemetry/changes. */
import type { Hub } from '../../src/live/hub.js';
import { parseClientMessage } from '../../src/live/protocol.js';
import { WeftError } from '../../src/model/errors.js';
import { LiveClient, type LiveView } from '../fixtures/live-client.js';
import { differences, RANKS, selected, type Selection } from '../fixtures/live-selections.js';
import { ROW_IDS, type Dice } from '../fixtures/live-world.js';
import type { SimReport } from './sim-report.js';
import type { SimTruth } from './sim-truth.js';

export interface ReaderDeps {
  readonly name: string;
  readonly dice: Dice;
  readonly report: SimReport;
  readonly truth: SimTruth;
  readonly hub: Hub;
}

/** Some of what is there now; null: of nothing. */
export function newSelection({ dice, truth }: ReaderDeps): Selection | null {
  const fields = truth.current?.fields ?? [];
  const selection: Selection = {
    switches: dice.pick([null, null, dice.some(ROW_IDS, 0.2), ['sw-1*'], ['sw-1*', 'sw-3', 'nobody']]),
    metrics: dice.chance(0.4) ? dice.some(fields, 0.5).reverse() : null,
    int64: dice.pick(['string', 'number'] as const),
    rank: dice.pick(RANKS.filter(({ reads }) => reads.every((name) => fields.includes(name)))),
  };
  return selection.switches?.length === 0 || selection.metrics?.length === 0 ? null : selection;
}

export function messageOf(
  id: string,
  { switches, metrics, int64, rank }: Selection,
  rate: number | undefined,
  since: string | null,
): string {
  return JSON.stringify({
    ...{ op: 'subscribe', id, int64, ...rank.ask },
    ...(switches && { switches }),
    ...(metrics && { metrics }),
    ...(rate !== undefined && { max_hz: rate }),
    ...(since !== null && { since }),
  });
}

/** What a reader has must be what was served under the name that it has it by. */
export function checkView(
  { report, truth, name }: ReaderDeps,
  id: string,
  view: LiveView,
  selection: Selection,
): void {
  const then = truth.at(view.snapshotId!);
  if (!then) return report.broken(`${name} ${id} has ${view.snapshotId}, which was never published`);
  const wanted = selected(then, selection);
  const isEqual = String(view.fields) === String(wanted.fields);
  report.check(isEqual, () => `${name} ${id} has fields ${view.fields} / ${wanted.fields}`);
  const wrong = differences(view.rows, wanted.rows);
  report.check(
    wrong.length === 0,
    () => `${name} ${id} at ${view.snapshotId}: ${wrong.slice(0, 3).join('; ')}`,
  );
  report.note(`frame ${view.history.at(-1)}`);
}

function nothing(): LiveView {
  return { snapshotId: null, fields: [], rows: new Map(), history: [] };
}

/** Asks for the changes since what it has, and applies them. */
export class ChangesPoller {
  readonly #deps: ReaderDeps;
  #view = nothing();
  #selection: Selection | null = null;
  isWaiting = false;

  constructor(deps: ReaderDeps) {
    this.#deps = deps;
  }

  async poll(): Promise<void> {
    const { report, name, truth } = this.#deps;
    const selection = (this.#selection ??= newSelection(this.#deps));
    if (this.isWaiting || !selection || !truth.current) return;
    this.isWaiting = true;
    try {
      await this.#ask(selection);
      checkView(this.#deps, 'changes', this.#view, selection);
    } catch (error) {
      if (error instanceof WeftError) this.#refused(error);
      else report.broken(`${name} changes: ${String(error)}`);
    }
    this.isWaiting = false;
  }

  async #ask(selection: Selection): Promise<void> {
    const parsed = parseClientMessage(messageOf('changes', selection, undefined, null));
    if (!parsed.ok || parsed.message.op !== 'subscribe') throw new Error('the simulation asks nonsense');
    const since = this.#view.snapshotId ?? 'none';
    const { prefix, body, snapshotId } = await this.#deps.hub.changesFrame(parsed.message.selection, since);
    const text = `{"id":"changes",${(prefix + Buffer.from(body).toString()).slice(1)}`;
    if (text.includes('"changes":[],"removed":[]')) {
      // Nothing new is an answer here, where a stream stays silent.
      this.#view.snapshotId = snapshotId;
      this.#deps.report.note('changes: none');
      return;
    }
    const live = new LiveClient();
    live.hello = {};
    live.expect('changes', this.#view);
    live.receive(text);
  }

  #refused({ code }: WeftError): void {
    this.#deps.report.note(`changes: ${code}`);
    if (code !== 'unknown_metric') return;
    this.#selection = null;
    this.#view = nothing();
  }
}
