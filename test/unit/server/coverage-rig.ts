/** Servers over two sources, `a` and `b`, whose rows come and go. */
import { members, ServerRig, type Reply, type RigOptions } from '../../fixtures/server-rig.js';
import { row, type Row } from '../../fixtures/tables.js';

export const PATH = '/telemetry/coverage';

export const rowsOf = (...ids: string[]): Row[] => ids.map((id, i) => row(id, { m: i }));
export const manyRows = (count: number): Row[] =>
  rowsOf(...Array.from({ length: count }, (_, i) => `sw-${i}`));

export interface Answer {
  readonly sources: readonly Record<string, unknown>[];
  readonly missing: readonly Record<string, unknown>[];
  readonly shared: readonly Record<string, unknown>[];
  readonly [name: string]: unknown;
}

export const answerOf = (reply: Reply): Answer => members(reply) as Answer;

export class CoverageRigs {
  readonly #rigs: ServerRig[] = [];

  make(options: RigOptions = {}): ServerRig {
    const rig = new ServerRig({ sources: ['a', 'b'], rows: null, maxStaleMs: 60_000, ...options });
    this.#rigs.push(rig);
    return rig;
  }

  /** The sources share two rows; then `a` loses one of its own and one of both. */
  async lossy(options: RigOptions = {}): Promise<ServerRig> {
    const rig = this.make(options);
    const { tables } = rig;
    tables.publish('a', rowsOf('a1', 'a2', 'both1', 'both2'));
    await tables.clock.advance(1000);
    tables.publish('b', rowsOf('b1', 'both1', 'both2'));
    await tables.clock.advance(1000);
    tables.publish('a', rowsOf('a1', 'both1'));
    return rig;
  }

  close(): void {
    for (const rig of this.#rigs.splice(0)) rig.close();
  }
}
