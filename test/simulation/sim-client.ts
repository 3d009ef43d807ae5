/** A simulated client: subscribes, stalls, leaves and comes back with what it has. */
import type { Hub } from '../../src/live/hub.js';
import { parseClientMessage } from '../../src/live/protocol.js';
import { ERROR_STATUS, WeftError } from '../../src/model/errors.js';
import { LiveClient, type LiveView } from '../fixtures/live-client.js';
import { differences, RANKS, selected, type Selection } from '../fixtures/live-selections.js';
import { ROW_IDS } from '../fixtures/live-world.js';
import { FrameLedger, type LedgerSums } from './frame-ledger.js';
import type { SimReport } from './sim-report.js';
import { SimSocket, type SimSocketDeps } from './sim-socket.js';
import type { SimTruth } from './sim-truth.js';

export interface SimClientDeps extends Pick<SimSocketDeps, 'clock' | 'dice' | 'behavior' | 'slowClientMs'> {
  readonly name: string;
  readonly report: SimReport;
  readonly truth: SimTruth;
  readonly sums: LedgerSums;
  readonly hub: Hub;
}

/** Messages that the server must refuse, and go on. */
const NONSENSE = [
  '',
  '{',
  '[]',
  '{"op":"fly"}',
  '{"op":"subscribe"}',
  '{"op":"subscribe","id":"s0","limit":-1}',
];
/** More than the answers that may wait for a client that reads none. */
const FLOOD = 70;

type Act = 'subscribe' | 'unsubscribe' | 'ping' | 'nonsense' | 'flood' | 'stall' | 'leave' | 'changes';

const ACTS: readonly Act[] = [
  ...Array<Act>(18).fill('subscribe'),
  ...Array<Act>(16).fill('stall'),
  ...Array<Act>(9).fill('leave'),
  ...Array<Act>(6).fill('changes'),
  ...(['unsubscribe', 'unsubscribe', 'ping', 'nonsense', 'nonsense', 'flood'] as const),
];

export class SimClient {
  readonly #deps: SimClientDeps;
  readonly #selections = new Map<string, Selection>();
  readonly #rates = new Map<string, number | undefined>();
  #live = new LiveClient();
  #socket: SimSocket | null = null;
  #ledger: FrameLedger;
  #polled: LiveView = { snapshotId: null, fields: [], rows: new Map(), history: [] };
  #polling = false;
  #pollSelection: Selection | null = null;

  constructor(deps: SimClientDeps) {
    this.#deps = deps;
    this.#ledger = new FrameLedger(deps.sums, deps.truth);
  }

  get socket(): SimSocket | null {
    return this.#socket;
  }

  connect(): void {
    const { clock, dice, report, behavior, slowClientMs } = this.#deps;
    const before = this.#live.views;
    this.#live = new LiveClient();
    this.#ledger = new FrameLedger(this.#deps.sums, this.#deps.truth);
    this.#socket = new SimSocket({
      ...{ clock, dice, report, behavior, slowClientMs },
      onText: (text) => this.#heard(text),
      onSend: (text) => this.#ledger.sent(text),
      onClose: (code) => this.#closed(code),
    });
    report.note('connect');
    for (const [id, view] of before) {
      if (!this.#selections.has(id)) continue;
      this.#live.expect(id, view);
      // Of an earlier life of the server, or never heard of.
      const since = dice.chance(0.06) ? dice.pick(['otherboot-3', 'x', 'sim00000-9999']) : view.snapshotId;
      this.#ask(id, since);
    }
  }

  #closed(code: number): void {
    this.#deps.report.note(`closed ${code}`);
    this.#deps.report.trace(() => `${this.#deps.name} is gone: ${code}`);
    this.#socket = null;
  }

  /** Something that clients do. */
  act(): void {
    const { dice } = this.#deps;
    const socket = this.#socket;
    if (!socket) return dice.chance(0.5) ? this.connect() : undefined;
    if (socket.isStalled && dice.chance(0.4)) return this.#resume(socket);
    this.#do(dice.pick(ACTS), socket);
  }

  #resume(socket: SimSocket): void {
    this.#deps.report.check(!socket.isOverdue, () => `${this.#deps.name} reads nothing and is not closed`);
    socket.stall(false);
  }

  #do(act: Act, socket: SimSocket): void {
    const { dice, report, name } = this.#deps;
    report.trace(() => `${name}: ${act}`);
    switch (act) {
      case 'subscribe':
        return this.#subscribe(socket);
      case 'unsubscribe':
        return this.#unsubscribe(socket);
      case 'ping':
        return socket.say('{"op":"ping"}');
      case 'nonsense':
        return socket.say(dice.pick(NONSENSE));
      case 'flood':
        for (let i = 0; i < FLOOD && this.#socket === socket; i++) socket.say('{"op":"fly"}');
        return;
      case 'stall':
        return socket.stall(true);
      case 'leave':
        return socket.leave(dice.pick([1000, 1006]));
      case 'changes':
        void this.#poll();
    }
  }

  #newSelection(): Selection | null {
    const { dice, truth } = this.#deps;
    const fields = truth.current?.fields ?? [];
    const selection: Selection = {
      switches: dice.pick([null, null, dice.some(ROW_IDS, 0.2), ['sw-1*'], ['sw-1*', 'sw-3', 'nobody']]),
      metrics: dice.chance(0.4) ? dice.some(fields, 0.5).reverse() : null,
      int64: dice.pick(['string', 'number'] as const),
      rank: dice.pick(RANKS.filter(({ reads }) => reads.every((name) => fields.includes(name)))),
    };
    return selection.switches?.length === 0 || selection.metrics?.length === 0 ? null : selection;
  }

  #subscribe(socket: SimSocket): void {
    const { dice } = this.#deps;
    // What is under way belongs to the subscription before: a client could not tell it apart.
    const selection = socket.isIdle ? this.#newSelection() : null;
    if (!selection) return;
    const id = `s${dice.below(3)}`;
    this.#selections.set(id, selection);
    this.#rates.set(id, dice.chance(0.3) ? dice.pick([0.2, 5, 1000]) : undefined);
    this.#live.expect(id);
    this.#ask(id, null);
  }

  #messageOf(id: string, { switches, metrics, int64, rank }: Selection, since: string | null): string {
    const rate = this.#rates.get(id);
    return JSON.stringify({
      ...{ op: 'subscribe', id, int64, ...rank.ask },
      ...(switches && { switches }),
      ...(metrics && { metrics }),
      ...(rate !== undefined && { max_hz: rate }),
      ...(since !== null && { since }),
    });
  }

  #ask(id: string, since: string | null): void {
    const selection = this.#selections.get(id)!;
    this.#ledger.subscribed(id, selection);
    this.#socket?.say(this.#messageOf(id, selection, since));
  }

  #unsubscribe(socket: SimSocket): void {
    const [id] = this.#selections.keys();
    if (id === undefined || !socket.isIdle) return;
    this.#live.forget(id);
    this.#selections.delete(id);
    socket.say(JSON.stringify({ op: 'unsubscribe', id }));
  }

  #heard(text: string): void {
    const { report, name } = this.#deps;
    report.trace(() => `${name} hears ${text.slice(0, 150)}`);
    const versions = new Map(
      [...this.#live.views].map(([id, { snapshotId }]) => [id, versionOf(snapshotId)]),
    );
    try {
      this.#live.receive(text);
    } catch (error) {
      return report.broken(`${name}: ${(error as Error).message}`);
    }
    this.#errors();
    const { id } = JSON.parse(text) as { id?: string };
    const view = id === undefined ? undefined : this.#live.views.get(id);
    if (!view || view.snapshotId === null) return;
    const goesBack = versionOf(view.snapshotId) < (versions.get(id!) ?? 0);
    report.check(!goesBack, () => `${name} ${id} goes back from ${versions.get(id!)} to ${view.snapshotId}`);
    this.#checkView(id!, view, this.#selections.get(id!)!);
  }

  #errors(): void {
    for (const { id, error } of this.#live.errors.splice(0)) {
      this.#deps.report.check(Object.hasOwn(ERROR_STATUS, error), () => `an unknown error ${error}`);
      // A metric that has gone, or too many: there is no such subscription then.
      if ((error !== 'unknown_metric' && error !== 'too_large') || id === undefined) continue;
      this.#live.forget(id);
      this.#selections.delete(id);
    }
  }

  #checkView(id: string, view: LiveView, selection: Selection): void {
    const { report, truth, name } = this.#deps;
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

  /** GET /telemetry/changes, applied to a table of its own. */
  async #poll(): Promise<void> {
    const { hub, report, name, truth } = this.#deps;
    const selection = (this.#pollSelection ??= this.#newSelection());
    if (this.#polling || !selection || !truth.current) return;
    this.#polling = true;
    const parsed = parseClientMessage(this.#messageOf('changes', selection, null));
    try {
      if (!parsed.ok || parsed.message.op !== 'subscribe') throw new Error('the simulation asks nonsense');
      const since = this.#polled.snapshotId ?? 'none';
      const { prefix, body } = await hub.changesFrame(parsed.message.selection, since);
      const live = new LiveClient();
      live.hello = {};
      live.expect('changes', this.#polled);
      const text = `{"id":"changes",${(prefix + Buffer.from(body).toString()).slice(1)}`;
      // A table that did not change is answered all the same.
      if (text.includes('"changes":[],"removed":[]')) report.note('changes: none');
      else live.receive(text);
      if (this.#polled.snapshotId !== null) this.#checkView('changes', this.#polled, selection);
    } catch (error) {
      if (!(error instanceof WeftError)) report.broken(`${name}: changes: ${String(error)}`);
      else report.note(`changes: ${error.code}`);
      if (error instanceof WeftError && error.code === 'unknown_metric') {
        this.#pollSelection = null;
        this.#polled = { snapshotId: null, fields: [], rows: new Map(), history: [] };
      }
    }
    this.#polling = false;
  }

  /** Nothing hinders it any more. */
  heal(): void {
    this.#socket?.stall(false);
    if (!this.#socket) this.connect();
  }

  /** Whether it has what is served, and waits for nothing. */
  get isThere(): boolean {
    const { truth, hub } = this.#deps;
    if (!truth.current) return true;
    const views = [...this.#live.views.values()];
    return !this.#polling && views.every(({ snapshotId }) => snapshotId === hub.fabric.snapshotId);
  }

  /** All is quiet: it must have what is served. */
  checkEnd(): void {
    const { report, truth, hub, name } = this.#deps;
    const { snapshotId } = hub.fabric;
    if (!truth.current) return;
    report.check(this.#socket !== null, () => `${name} lost its connection for nothing`);
    report.check(!this.#polling, () => `${name} waits for its changes for ever`);
    for (const [id, view] of this.#live.views) {
      report.check(
        view.snapshotId === snapshotId,
        () => `${name} ${id} stays at ${view.snapshotId} of ${snapshotId}`,
      );
    }
  }
}

function versionOf(snapshotId: string | null): number {
  return snapshotId === null ? 0 : Number(snapshotId.split('-')[1]);
}
