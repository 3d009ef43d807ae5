/**
 * All sources as one table that moves on at each publish. Main only.
 *
 * The fabric version is one counter: +1 at each publish of any source, never restarted. A bounded
 * log maps it to every source's generation and version, and `since` resolves through that log.
 */
import { formatSnapshotId, parseSnapshotId, type BootNonce } from '../model/ids.js';
import { SINCE_VERSIONS } from '../model/limits.js';
import type { Segment } from '../snapshot/segment.js';
import type { SinceVersions } from './changes.js';
import type { SourceStatus } from './source-status.js';
import { Table, unionSchema, type Part, type PartRef, type TableSchema } from './table.js';

/** Fabric versions that the log keeps: with many sources, each one's ring still decides. */
const LOG_ENTRIES_MAX = SINCE_VERSIONS * 16;

interface LogEntry {
  readonly fabricVersion: number;
  readonly schema: TableSchema;
  readonly versions: readonly number[];
}

/** A source's published segment, as main owns it. */
export interface MountedSegment {
  readonly segment: Segment;
  readonly ref: PartRef;
}

/**
 * What a `since` means now: versions to diff from, or why a snapshot must be sent instead.
 * `changed`: known, but generations moved; `schema` is what the client's state was made of.
 */
export type SinceResolution =
  | { readonly kind: 'diff'; readonly fabricVersion: number; readonly versions: SinceVersions }
  | { readonly kind: 'changed'; readonly schema: TableSchema }
  | { readonly kind: 'too_old' };

export class Fabric {
  readonly boot: BootNonce;
  /** In configuration order; a table's parts are those that have published, in this order. */
  readonly sources: readonly SourceStatus[];
  readonly #mounted = new Map<string, MountedSegment>();
  readonly #listeners: ((table: Table) => void)[] = [];
  readonly #log: LogEntry[] = [];
  #version = 0;
  #generation = 0;
  #table: Table | null = null;
  #statuses: SourceStatus[] = [];

  constructor(boot: BootNonce, sources: readonly SourceStatus[]) {
    this.boot = boot;
    this.sources = sources;
  }

  get version(): number {
    return this.#version;
  }

  get snapshotId(): string {
    return formatSnapshotId(this.boot, this.#version);
  }

  /** The table of the current version; null before the first publish of any source. */
  get table(): Table | null {
    return this.#table;
  }

  /** The source of a part of the current table. */
  statusOf(part: number): SourceStatus {
    return this.#statuses[part]!;
  }

  /** A number for a new generation of any source. */
  takeGeneration(): number {
    return ++this.#generation;
  }

  /** Called after each publish, in order of registration, with the new table. */
  onPublish(listener: (table: Table) => void): void {
    this.#listeners.push(listener);
  }

  /** A source published: its new version, in the segment served so far or in a new one. */
  publish(mounted: MountedSegment): void {
    const id = mounted.ref.sourceId;
    const before = this.#mounted.get(id);
    this.#mounted.set(id, mounted);
    this.#version++;
    const order: MountedSegment[] = [];
    this.#statuses = [];
    for (const source of this.sources) {
      const one = this.#mounted.get(source.id);
      if (!one) continue;
      order.push(one);
      this.#statuses.push(source);
    }
    const parts: Part[] = order.map(({ segment, ref }) => ({
      ref,
      reader: segment.reader,
      bank: segment.reader.bank(ref.version),
    }));
    this.#table = new Table(this.snapshotId, parts, this.#schemaOf(order));
    this.#log.push({
      fabricVersion: this.#version,
      schema: this.#table.schema,
      versions: order.map(({ ref }) => ref.version),
    });
    if (this.#log.length > LOG_ENTRIES_MAX) this.#log.shift();
    if (before && before.segment !== mounted.segment) before.segment.retire();
    for (const listener of this.#listeners) listener(this.#table);
  }

  #schemaOf(order: readonly MountedSegment[]): TableSchema {
    const known = this.#table?.schema;
    const same =
      known?.generations.length === order.length &&
      order.every(({ ref }, i) => ref.generation === known.generations[i]);
    return same && known ? known : unionSchema(order.map(({ ref }) => ref));
  }

  /** What the state named by a snapshot id is to the current table. */
  resolveSince(snapshotId: string): SinceResolution {
    const name = parseSnapshotId(snapshotId);
    const oldest = this.#log[0];
    if (!name || name.boot !== this.boot || !oldest || !this.#table) return { kind: 'too_old' };
    const entry = this.#log[name.fabricVersion - oldest.fabricVersion];
    if (!entry || entry.fabricVersion !== name.fabricVersion) return { kind: 'too_old' };
    if (entry.schema !== this.#table.schema) return { kind: 'changed', schema: entry.schema };
    return { kind: 'diff', fabricVersion: entry.fabricVersion, versions: entry.versions };
  }

  /** Pins one source's bank of the current table; call the result once when the job has ended. */
  pinSource(sourceId: string): () => void {
    const mounted = this.#mounted.get(sourceId);
    return mounted ? mounted.segment.pin(mounted.ref.version) : () => {};
  }

  /** Pins every bank of the current table; call the result once when the job has ended. */
  pin(): () => void {
    const releases = (this.#table?.parts ?? []).map((part) => {
      const { segment } = this.#mounted.get(part.ref.sourceId)!;
      return segment.pin(part.bank.version);
    });
    return () => {
      for (const release of releases) release();
    };
  }
}
