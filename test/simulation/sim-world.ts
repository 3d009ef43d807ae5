/**
 * One simulated world: sources, fabric, hub and sockets are the product's own; time, chance, network,
 * worker threads and clients are not. Everything follows from the seed.
 */
import { inspect } from 'node:util';
import { Fabric } from '../../src/fabric/fabric.js';
import { SourceStatus } from '../../src/fabric/source-status.js';
import { Hub } from '../../src/live/hub.js';
import { makeBootNonce } from '../../src/model/ids.js';
import { nullLogger, type Logger } from '../../src/model/log.js';
import type { ServerCore } from '../../src/server/core.js';
import { Connections } from '../../src/server/connections.js';
import { Sockets, type SocketsDeps } from '../../src/server/sockets.js';
import { Stats } from '../../src/stats/stats.js';
import { Dice } from '../fixtures/live-world.js';
import { LedgerSums } from './frame-ledger.js';
import { checkLiveCounts, checkMemory, type CheckedParts } from './sim-checks.js';
import { SimClient } from './sim-client.js';
import { SimClock } from './sim-clock.js';
import { LentMemory } from './sim-memory.js';
import { SimJobs } from './sim-jobs.js';
import { SimReport } from './sim-report.js';
import { shapeOf, type Shape } from './sim-shape.js';
import { SimSource } from './sim-source.js';
import { SimTruth } from './sim-truth.js';

export interface SimOutcome {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly seen: ReadonlyMap<string, number>;
  readonly trace: readonly string[];
  readonly publishes: number;
  readonly events: number;
}

export class SimWorld {
  readonly #seed: number;
  readonly #clock = new SimClock();
  readonly #report: SimReport;
  readonly #shape: Shape;
  readonly #stats: Stats;
  readonly #free = new LentMemory();
  readonly #fabric: Fabric;
  readonly #jobs: SimJobs;
  readonly #truth: SimTruth;
  readonly #hub: Hub;
  readonly #sources: readonly SimSource[];
  readonly #clients: readonly SimClient[];
  readonly #sums = new LedgerSums();
  readonly #connections = new Connections(1_000);
  readonly #sockets: Sockets;
  readonly #log: Logger;
  #isOver = false;

  constructor(seed: number, keepsTrace: boolean) {
    this.#seed = seed;
    const clock = this.#clock;
    this.#report = new SimReport(() => clock.monotonicMs(), keepsTrace);
    this.#shape = shapeOf(this.#dice(0));
    const ids = this.#shape.intervalsMs.map((_, i) => `s${i + 1}`);
    this.#log = {
      ...nullLogger,
      child: () => this.#log,
      error: (event, fields) => this.#report.broken(`logged ${event}: ${inspect(fields)}`),
    };
    const loopDelay = { summary: () => ({ p50: null, p99: null, max: null }), close: () => undefined };
    this.#stats = new Stats({ version: 'sim', clock, endpoints: [], sources: ids, loopDelay });
    const statuses = ids.map((id, i) => new SourceStatus(id, 3 * this.#shape.intervalsMs[i]!, clock));
    this.#fabric = new Fabric(makeBootNonce(this.#dice(1).random), statuses);
    this.#jobs = new SimJobs(clock, this.#dice(2), this.#report);
    this.#truth = new SimTruth(this.#fabric, this.#jobs.filled, this.#report);
    this.#hub = this.#makeHub(this.#dice(3));
    this.#sockets = this.#makeSockets();
    this.#sources = statuses.map((status, i) => this.#makeSource(status, this.#shape.intervalsMs[i]!, i));
    this.#clients = Array.from({ length: this.#shape.clients }, (_, i) => this.#makeClient(i));
  }

  get #parts(): CheckedParts {
    return {
      ...{ fabric: this.#fabric, stats: this.#stats, report: this.#report, sums: this.#sums },
      ...{ connections: this.#connections, free: this.#free },
    };
  }

  /** One stream of chance for each actor: what one does more or less moves no other. */
  #dice(actor: number): Dice {
    return new Dice(Math.imul(this.#seed + 1, 0x9e3779b1) ^ Math.imul(actor + 1, 0x85ebca6b));
  }

  #makeHub(dice: Dice): Hub {
    const { slowClientMs } = this.#shape;
    return new Hub({
      fabric: this.#fabric,
      jobs: this.#jobs,
      clock: this.#clock,
      log: this.#log,
      stats: this.#stats.live,
      defer: (fn) => void this.#clock.schedule(dice.random() * 2, fn),
      heldBytesMax: dice.pick([0, 3_000, 2 ** 28]),
      limits: {
        slowClientMs,
        frameCellsMax: 8_000_000,
        frameBytesMax: 2 ** 28,
        subscriptionsMax: dice.pick([2, 64]),
        jobTimeoutMs: this.#shape.jobTimeoutMs,
        heartbeatMs: 15_000,
        partBytes: dice.pick([1, 200, 100_000]),
        inlineCellsMax: dice.pick([0, 20, 2_000]),
      },
    });
  }

  #makeSockets(): Sockets {
    const core = { clock: this.#clock, log: this.#log, stats: this.#stats } as unknown as ServerCore;
    const { slowClientMs } = this.#shape;
    const connections = this.#connections;
    // Upgrades are HTTP: a connection begins here with its socket open.
    const patience = { slowClientMs, liveIdleMs: 60_000 };
    return new Sockets({ core, hub: this.#hub, connections, patience } as unknown as SocketsDeps);
  }

  #makeSource(status: SourceStatus, intervalMs: number, index: number): SimSource {
    const dice = this.#dice(10 + index);
    return new SimSource(status.id, intervalMs, {
      fabric: this.#fabric,
      jobs: this.#jobs,
      free: this.#free,
      clock: this.#clock,
      status,
      stats: this.#stats.source(status.id),
      // Bodies of a few hundred bytes are read by several at once, in some worlds.
      ...(dice.chance(0.3) && { parts: { partsMax: 3, partBytesMin: 120 } }),
      ...{ dice, log: this.#log, report: this.#report, jobTimeoutMs: this.#shape.jobTimeoutMs },
      onBody: (body) => void this.#truth.bodies.set(body.text, body),
    });
  }

  #makeClient(index: number): SimClient {
    const events = this.#sockets.events();
    return new SimClient({
      name: `c${index + 1}`,
      clock: this.#clock,
      dice: this.#dice(20 + index),
      events: { ...events, open: (ws) => (this.#connections.opened(), events.open(ws)) },
      slowClientMs: this.#shape.slowClientMs,
      report: this.#report,
      truth: this.#truth,
      sums: this.#sums,
      hub: this.#hub,
    });
  }

  /** Calls `act` at random moments until the world ends. */
  #keepActing(act: () => void, meanMs: number, dice: Dice): void {
    const again = (): void => {
      this.#clock.schedule(dice.random() * 2 * meanMs, () => {
        if (this.#isOver) return;
        act();
        again();
      });
    };
    again();
  }

  async run(): Promise<SimOutcome> {
    // Refusals are errors, and there are many.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      await this.#live();
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
    return this.#outcome();
  }

  async #live(): Promise<void> {
    const { intervalsMs, polls } = this.#shape;
    const intervalMs = Math.max(...intervalsMs);
    this.#jobs.lossShare = this.#dice(4).pick([0, 0.03, 0.15, 0.4]);
    for (const source of this.#sources) source.start();
    for (const client of this.#clients) client.connect();
    this.#sources.forEach((source, i) => {
      this.#keepActing(() => source.act(), 4 * intervalMs, this.#dice(30 + i));
      this.#keepActing(() => source.checkStale(), 3 * intervalMs, this.#dice(40 + i));
    });
    this.#clients.forEach((client, i) => {
      this.#keepActing(() => client.act(), 1.5 * intervalMs, this.#dice(50 + i));
    });
    const wall = this.#dice(5);
    this.#keepActing(
      () => this.#clock.stepWall(wall.pick([-90_000, -400, 400, 90_000])),
      20 * intervalMs,
      wall,
    );
    await this.#clock.runFor(polls * intervalMs);
    await this.#end(intervalMs);
  }

  /** Whatever hinders goes away: all must come to the newest sample, and nothing may be left over. */
  async #end(intervalMs: number): Promise<void> {
    this.#isOver = true;
    this.#jobs.lossShare = 0;
    await this.#clock.runFor(intervalMs);
    for (const source of this.#sources) source.heal();
    await this.#recovered(intervalMs);
    for (const source of this.#sources) await this.#stop(source);
    for (const client of this.#clients) client.heal();
    const areThere = (): boolean => this.#clients.every(({ isThere }) => isThere);
    for (let i = 0; i < 8 && !areThere(); i++) await this.#clock.runFor(10_000);
    for (const client of this.#clients) client.checkEnd();
    checkLiveCounts(this.#parts, this.#clients.filter(({ socket }) => socket !== null).length);
    this.#hub.stop();
    await this.#clock.runFor(3 * this.#shape.jobTimeoutMs);
    const { subscribers } = this.#stats.live;
    this.#report.check(subscribers === 0, () => `${subscribers} subscribers are left`);
    this.#report.check(this.#connections.open === 0, () => `${this.#connections.open} connections are left`);
    checkMemory(this.#parts);
    this.#stats.close();
    this.#free.giveBack();
  }

  /** Every source polls well again, in the time of the longest pause and of jobs that were lost. */
  async #recovered(intervalMs: number): Promise<void> {
    const before = this.#sources.map(({ goods }) => goods);
    const isWell = (): boolean => this.#sources.every(({ goods }, i) => goods > before[i]! + 1);
    for (let i = 0; i < 30 && !isWell(); i++) await this.#clock.runFor(intervalMs);
    this.#report.check(isWell(), () => 'a source does not recover');
  }

  async #stop(source: SimSource): Promise<void> {
    const stopped = source.stop();
    await this.#clock.runFor(3 * this.#shape.jobTimeoutMs);
    await stopped;
    source.checkCounts();
  }

  #outcome(): SimOutcome {
    const { violations, seen, lines } = this.#report;
    const { live } = this.#stats;
    if (live.conflated > 0) this.#report.note('conflated');
    return {
      ...{ seed: this.#seed, violations, seen, trace: lines },
      publishes: this.#fabric.version,
      events: this.#clock.ran,
    };
  }
}
