/**
 * All sources as one table that moves on at each publish. Main only.
 *
 * The fabric version is one counter: +1 at each publish of any source, never restarted. A bounded
 * log maps it to every source's generation and version, and `since` resolves through that log.
 */
import { formatSnapshotId, parseSnapshotId, type BootNonce } from '../model/ids.js';
import { FABRIC_LOG_VERSIONS } from '../model/limits.js';
import { MergeIndex } from '../snapshot/merge-index.js';
import type { MergeMemory } from '../snapshot/merge-memory.js';
import type { Segment } from '../snapshot/segment.js';
import type { SinceVersions } from './changes.js';
import type { FabricView } from './fabric-view.js';
import type { SourceStatus } from './source-status.js';
import { Table, unionSchema, type MergedRef, type Part, type PartRef, type TableSchema } from './table.js';
import { Turns } from './turns.js';

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

/** What a settle job has made of a version: published together with it. */
export interface SettledRows {
  readonly ref: MergedRef;
  readonly memory: MergeMemory;
}

/**
 * What a `since` means now: versions to diff from, or why a snapshot must be sent instead.
 * `changed`: known, but generations moved; `schema` is what the client's state was made of.
 */
export type SinceResolution =
  | { readonly kind: 'diff'; readonly fabricVersion: number; readonly versions: SinceVersions }
  | { readonly kind: 'changed'; readonly schema: TableSchema }
  | { readonly kind: 'too_old' };

export class Fabric implements FabricView {
  readonly boot: BootNonce;
  /** Settling and publishing take turns, one source at a time. */
  readonly turns = new Turns();
  readonly #mounted = new Map<string, MountedSegment>();
  readonly #listeners = new Set<(table: Table) => void>();
  readonly #arrangedListeners: (() => void)[] = [];
  readonly #log: LogEntry[] = [];
  #version = 0;
  #generation = 0;
  #table: Table | null = null;
  #sources: readonly SourceStatus[];
  #statuses: SourceStatus[] = [];
  #merged: SettledRows | null = null;
  #keeper: ((giveUp: () => void) => void) | null = null;

  constructor(boot: BootNonce, sources: readonly SourceStatus[]) {
    this.boot = boot;
    this.#sources = sources;
  }

  /** In configuration order; a table's parts are those that have published, in this order. */
  get sources(): readonly SourceStatus[] {
    return this.#sources;
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

  /** Nothing can come between: main alone publishes. */
  confirm(): void {}

  /**
   * Other threads read the current table, too: `keeper` is given what gives up memory that a publish
   * has replaced, before the listeners hear of it, and calls it when none of them reads it any more.
   */
  keepReplaced(keeper: (giveUp: () => void) => void): void {
    this.#keeper = keeper;
  }

  #giveUp(act: () => void): void {
    if (this.#keeper) this.#keeper(act);
    else act();
  }

  /** A number for a new generation of any source. */
  takeGeneration(): number {
    return ++this.#generation;
  }

  /**
   * Called after each publish, in order of registration, with the new table; also when sources left
   * it. Call the result to hear no more.
   */
  onPublish(listener: (table: Table) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Called when `sources` are others or in another order, before the table moves. */
  onArrange(listener: () => void): void {
    this.#arrangedListeners.push(listener);
  }

  /** What a source serves now. */
  mounted(sourceId: string): MountedSegment | null {
    return this.#mounted.get(sourceId) ?? null;
  }

  /** How the rows of the current table are one; null while it has one part or none. */
  get merged(): SettledRows | null {
    return this.#merged;
  }

  /** The parts of the table once `mounted` is published, in order. */
  orderWith(mounted: MountedSegment): MountedSegment[] {
    const { sourceId } = mounted.ref;
    return this.#sources.flatMap(({ id }) => (id === sourceId ? mounted : (this.#mounted.get(id) ?? [])));
  }

  /** The parts of the table once `sources` are all there are, in order. */
  orderOf(sources: readonly SourceStatus[]): MountedSegment[] {
    return sources.flatMap(({ id }) => this.#mounted.get(id) ?? []);
  }

  /**
   * A source published: its new version, in the segment served so far or in a new one. `settled` is
   * what its settle job made (settlement.ts); null when the table has this part only.
   */
  publish(mounted: MountedSegment, settled: SettledRows | null): void {
    const id = mounted.ref.sourceId;
    const before = this.#mounted.get(id);
    const order = this.orderWith(mounted);
    this.#mounted.set(id, mounted);
    this.#show(order, settled, before && before.segment !== mounted.segment ? [before] : []);
  }

  /**
   * From now on these are the sources. What others have published leaves the table, and that is a
   * publish: `settled` is then what a job has made of the parts that stay (departure.ts), null when
   * there are fewer than two. A change of order alone shows with the next publish.
   */
  arrange(sources: readonly SourceStatus[], settled: SettledRows | null): void {
    const gone = [...this.#mounted.values()].filter(({ ref }) =>
      sources.every(({ id }) => id !== ref.sourceId),
    );
    this.#sources = sources;
    for (const listener of this.#arrangedListeners) listener();
    if (gone.length === 0) return;
    for (const { ref } of gone) this.#mounted.delete(ref.sourceId);
    this.#show(this.orderOf(sources), settled, gone);
  }

  #show(
    order: readonly MountedSegment[],
    settled: SettledRows | null,
    replaced: readonly MountedSegment[],
  ): void {
    this.#version++;
    this.#statuses = this.#sources.filter((source) => this.#mounted.has(source.id));
    const parts: Part[] = order.map(({ segment, ref }) => ({
      ref,
      reader: segment.reader,
      bank: segment.reader.bank(ref.version),
    }));
    const schema = this.#schemaOf(order);
    const index = this.#indexOf(settled, parts);
    this.#table = new Table(this.snapshotId, parts, schema, settled?.ref ?? null, index);
    const mergedBefore = this.#merged;
    this.#merged = settled;
    if (mergedBefore && mergedBefore.memory !== settled?.memory)
      this.#giveUp(() => mergedBefore.memory.retire());
    const versions = order.map(({ ref }) => ref.version);
    this.#log.push({ fabricVersion: this.#version, schema, versions });
    if (this.#log.length > FABRIC_LOG_VERSIONS) this.#log.shift();
    for (const { segment } of replaced) this.#giveUp(() => segment.retire());
    for (const listener of this.#listeners) listener(this.#table);
  }

  /** The views of an index are kept as long as the index is. */
  #indexOf(settled: SettledRows | null, parts: readonly Part[]): MergeIndex | null {
    if (!settled) return null;
    const known = this.#merged?.memory === settled.memory ? this.#table?.index : null;
    if (known) return known;
    return new MergeIndex(
      settled.ref.index,
      parts.map(({ reader }) => reader),
    );
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

  /** Pins every bank of the current table, and its merge index; call the result once when the job has ended. */
  pin(): () => void {
    const releases = (this.#table?.parts ?? []).map((part) => {
      const { segment } = this.#mounted.get(part.ref.sourceId)!;
      return segment.pin(part.bank.version);
    });
    if (this.#merged) releases.push(this.#merged.memory.pin());
    return () => {
      for (const release of releases) release();
    };
  }
}
