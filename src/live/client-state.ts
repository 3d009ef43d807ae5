/** What one client has of one selection, and therefore what it is to be sent. */
import type { SinceVersions } from '../fabric/changes.js';
import type { Fabric } from '../fabric/fabric.js';
import type { SnapshotReason } from './messages.js';
import type { SharedSelection } from './selections.js';
import type { CurrentState, TableState } from './table-state.js';

/** What to ask the frame shop for. */
export interface FramePlan {
  /** null: a snapshot. */
  readonly since: SinceVersions | null;
  /** Told to the client when the frame comes out as a snapshot. */
  readonly reason: SnapshotReason;
}

/** Moves only with what was sent: a whole frame, or a heartbeat. */
export class ClientState {
  /** What the client has, by the last name it was told. */
  #have: TableState | null = null;
  /** The newest state known to equal `#have` in this selection. */
  #checked: TableState | null = null;
  /** Why the next snapshot is sent while there is no state to compare with. */
  #reason: SnapshotReason = 'subscribed';
  /** A state was taken over from `since` and nothing was sent yet. */
  #resuming = false;

  /** The client named a state that it has from before. */
  resume(fabric: Fabric, selection: SharedSelection, current: CurrentState, since: string): void {
    const resolved = fabric.resolveSince(since);
    if (resolved.kind === 'diff') {
      const { fabricVersion, versions } = resolved;
      this.#have = this.#checked = { fabricVersion, versions, snapshotId: since, schema: current.schema };
      this.#resuming = true;
    } else if (resolved.kind === 'changed') {
      this.#reason = selection.sameFields(resolved.schema, current.schema) ? 'rebuilt' : 'schema';
    } else this.#reason = 'too_old';
  }

  plan(selection: SharedSelection, current: CurrentState): FramePlan {
    const base = this.#checked;
    if (!base) return { since: null, reason: this.#reason };
    if (base.schema === current.schema) return { since: base.versions, reason: 'dense' };
    return { since: null, reason: selection.sameFields(base.schema, current.schema) ? 'rebuilt' : 'schema' };
  }

  /** The changes since then are no longer known: a snapshot is next. */
  lost(): void {
    this.#reason = this.#resuming ? 'too_old' : 'gap';
    this.#have = this.#checked = null;
    this.#resuming = false;
  }

  /** Nothing in the selection differs between the client's state and `target`. */
  unchangedUpTo(target: TableState): void {
    this.#checked = target;
  }

  /**
   * The client was sent all that leads to `target`. Returns how many publishes the frame merged
   * beyond the first.
   */
  reached(target: TableState): number {
    const base = this.#resuming ? null : this.#checked;
    this.#have = this.#checked = target;
    this.#resuming = false;
    return base ? Math.max(0, target.fabricVersion - base.fabricVersion - 1) : 0;
  }

  /** What a heartbeat says: the newest name of what the client has; null when it has nothing. */
  get nameNow(): string | null {
    return this.#checked && this.#checked.snapshotId;
  }

  /** The client was told `nameNow`. */
  named(): void {
    this.#have = this.#checked;
    this.#resuming = false;
  }

  /** Name of the state that the next diff applies to. */
  get prev(): string {
    if (!this.#have) throw new Error('BUG: a diff for a client that has nothing');
    return this.#have.snapshotId;
  }

  isAt(current: CurrentState | null): boolean {
    return this.#checked !== null && this.#checked.fabricVersion === current?.fabricVersion;
  }

  /** True while a client that named its state has not heard whether it was understood. */
  get isResuming(): boolean {
    return this.#resuming;
  }
}
