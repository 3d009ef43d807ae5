/** A simulated client: subscribes, stalls, leaves and comes back with what it has. */
import { ERROR_STATUS } from '../../src/model/errors.js';
import { LiveClient } from '../fixtures/live-client.js';
import type { Selection } from '../fixtures/live-selections.js';
import { ChangesPoller, checkView, messageOf, newSelection, type ReaderDeps } from './changes-poller.js';
import { FrameLedger, type LedgerSums } from './frame-ledger.js';
import { SimSocket, type SimSocketDeps } from './sim-socket.js';

export interface SimClientDeps extends ReaderDeps, Pick<SimSocketDeps, 'clock' | 'events' | 'slowClientMs'> {
  readonly sums: LedgerSums;
}

/** Messages that the server must refuse, and go on. */
const NONSENSE = [
  '',
  '{',
  '[]',
  '{"op":"fly"}',
  '{"op":"subscribe"}',
  '{"op":"subscribe","id":"nonsense","limit":-1}',
];
/** More than the answers that may wait for a client that reads none. */
const FLOOD = 70;

type Act =
  | 'subscribe'
  | 'unsubscribe'
  | 'ping'
  | 'nonsense'
  | 'flood'
  | 'stall'
  | 'leave'
  | 'changes'
  | 'control frames';

const ACTS: readonly Act[] = [
  ...Array<Act>(18).fill('subscribe'),
  ...Array<Act>(16).fill('stall'),
  ...Array<Act>(9).fill('leave'),
  ...Array<Act>(6).fill('changes'),
  ...Array<Act>(3).fill('control frames'),
  ...(['unsubscribe', 'unsubscribe', 'ping', 'nonsense', 'nonsense', 'flood'] as const),
];

export class SimClient {
  readonly #deps: SimClientDeps;
  readonly #selections = new Map<string, Selection>();
  readonly #rates = new Map<string, number | undefined>();
  #live = new LiveClient();
  #socket: SimSocket | null = null;
  #ledger: FrameLedger;
  /** Refusals not heard yet. */
  #owedErrors = 0;
  readonly #poller: ChangesPoller;

  constructor(deps: SimClientDeps) {
    this.#deps = deps;
    this.#ledger = new FrameLedger(deps.sums, deps.truth);
    this.#poller = new ChangesPoller(deps);
  }

  get socket(): SimSocket | null {
    return this.#socket;
  }

  connect(): void {
    const { clock, dice, report, events, slowClientMs } = this.#deps;
    const before = this.#live.views;
    this.#live = new LiveClient();
    this.#owedErrors = 0;
    this.#ledger = new FrameLedger(this.#deps.sums, this.#deps.truth);
    this.#socket = new SimSocket({
      ...{ clock, dice, report, events, slowClientMs },
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
        return this.#sayNonsense(dice.pick(NONSENSE), socket);
      case 'flood':
        for (let i = 0; i < FLOOD && this.#socket === socket; i++) this.#sayNonsense('{"op":"fly"}', socket);
        return;
      case 'control frames':
        return socket.answersPings();
      case 'stall':
        return socket.stall(true);
      case 'leave':
        return socket.leave(dice.pick([1000, 1006]));
      case 'changes':
        void this.#poller.poll();
    }
  }

  #sayNonsense(text: string, socket: SimSocket): void {
    this.#owedErrors++;
    socket.say(text);
  }

  #subscribe(socket: SimSocket): void {
    const { dice } = this.#deps;
    // What is under way belongs to the subscription before: a client could not tell it apart.
    const selection = socket.isIdle ? newSelection(this.#deps) : null;
    if (!selection) return;
    const id = `s${dice.below(3)}`;
    this.#selections.set(id, selection);
    this.#rates.set(id, dice.chance(0.3) ? dice.pick([0.2, 5, 1000]) : undefined);
    this.#live.expect(id);
    this.#ask(id, null);
  }

  #ask(id: string, since: string | null): void {
    const selection = this.#selections.get(id)!;
    this.#ledger.subscribed(id, selection);
    this.#socket?.say(messageOf(id, selection, this.#rates.get(id), since));
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
    checkView(this.#deps, id!, view, this.#selections.get(id!)!);
  }

  #errors(): void {
    for (const { id, error } of this.#live.errors.splice(0)) {
      this.#deps.report.check(Object.hasOwn(ERROR_STATUS, error), () => `an unknown error ${error}`);
      // Of a subscription: its column has gone or is of another kind now, or there are too many.
      if (id !== undefined && this.#live.views.has(id)) {
        this.#live.forget(id);
        this.#selections.delete(id);
      } else this.#owedErrors--;
    }
  }

  /** Nothing hinders it any more. */
  heal(): void {
    this.#socket?.stall(false);
    if (!this.#socket) this.connect();
  }

  /** Whether it has what is served, and waits for nothing. */
  get isThere(): boolean {
    const { truth, hub } = this.#deps;
    if (this.#owedErrors > 0) return false;
    if (!truth.current) return true;
    const views = [...this.#live.views.values()];
    return !this.#poller.isWaiting && views.every(({ snapshotId }) => snapshotId === hub.fabric.snapshotId);
  }

  /** All is quiet: it must have what is served. */
  checkEnd(): void {
    const { report, truth, hub, name } = this.#deps;
    const { snapshotId } = hub.fabric;
    if (!truth.current) return;
    report.check(this.#owedErrors === 0, () => `${name} misses ${this.#owedErrors} refusals`);
    report.check(this.#socket !== null, () => `${name} lost its connection for nothing`);
    report.check(!this.#poller.isWaiting, () => `${name} waits for its changes for ever`);
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
