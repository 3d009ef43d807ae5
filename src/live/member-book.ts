/**
 * The rows that slices held at the states their clients are in, for the diffs from there. Bounded:
 * what was dropped costs the client a snapshot, never a wrong row.
 */
import type { SinceVersions } from '../fabric/changes.js';
import type { TableSchema } from '../fabric/table.js';
import type { RowMembers } from '../view/row-members.js';

const BYTES_MAX = 32 * 1024 * 1024;

export class MemberBook {
  readonly #bytesMax: number;
  /** The one used longest ago first. */
  readonly #entries = new Map<string, RowMembers>();
  #bytes = 0;
  #schema: TableSchema | null = null;

  constructor(bytesMax = BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** `key` names the selection. */
  keep(key: string, schema: TableSchema, versions: SinceVersions, members: RowMembers): void {
    if (schema !== this.#schema) {
      this.#schema = schema;
      this.#entries.clear();
      this.#bytes = 0;
    }
    const name = nameOf(key, versions);
    this.#drop(name);
    this.#entries.set(name, members);
    this.#bytes += byteLengthOf(members);
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#drop(oldest);
    }
  }

  find(key: string, schema: TableSchema, versions: SinceVersions): RowMembers | undefined {
    if (schema !== this.#schema) return undefined;
    const name = nameOf(key, versions);
    const members = this.#entries.get(name);
    if (members) {
      this.#entries.delete(name);
      this.#entries.set(name, members);
    }
    return members;
  }

  #drop(name: string): void {
    const members = this.#entries.get(name);
    if (!members) return;
    this.#entries.delete(name);
    this.#bytes -= byteLengthOf(members);
  }
}

function nameOf(key: string, versions: SinceVersions): string {
  return `${key}:${versions.join('.')}`;
}

/** With what an entry costs beside its words. */
function byteLengthOf({ words }: RowMembers): number {
  return 256 + words.byteLength;
}
