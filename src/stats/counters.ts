/** The counters of the whole process, and those of one source: tables, so that none is forgotten. */

/** Name in /metrics (`weft_<name>_total`) and what it counts. */
export const PROCESS_COUNTERS = {
  reader_restarts: 'Reader threads that were lost and replaced.',
  reader_repeats: 'Point reads begun again in a reader thread because a publish came between.',
  worker_restarts: 'Workers that were lost and replaced: crash, out of memory, deadline.',
  connections_opened: 'Connections that clients made, those closed at once among them.',
  connections_rejected: 'Connections closed at once because CONNECTIONS_MAX was reached.',
  requests_unauthorized: 'Requests without a valid token, answered 401.',
  requests_forbidden: 'Requests whose token lacks the scope, answered 403.',
  requests_rate_limited: 'Requests over the rate of their client, answered 429.',
  live_tokens_ended: 'Live connections closed because their token expired or was taken back.',
  requests_aborted: 'Requests whose client left before the answer was complete.',
  requests_overloaded: 'Requests answered 503 because a queue or the bytes under way were full.',
  slow_clients_closed: 'Subscribers closed because their socket took nothing for SLOW_CLIENT_MS.',
  live_idle_closed: 'Live connections cut because their client answered no ping for LIVE_IDLE_MS.',
  live_floods_closed: 'Live connections closed because their client sent too many messages or pings.',
  buffers_dropped: 'Shared buffers given up because the free list was full.',
  state_writes: 'Bodies written to STATE_DIR.',
  state_failures: 'What the disk under STATE_DIR refused.',
  state_restored: 'Sources restored from STATE_DIR at the start.',
  state_bad_files: 'Files of STATE_DIR that could not be used and were set aside.',
} as const;

export type ProcessCounter = keyof typeof PROCESS_COUNTERS;

/** Name in /metrics (`weft_source_<name>_total`) and what it counts. */
export const SOURCE_COUNTERS = {
  received_bytes: 'Bytes received on the wire.',
  expected_bytes: 'Bytes announced by Content-Length.',
  rejected_cells: 'Cells that were no value of their column and are served as missing.',
  rejected_rows: 'Rows dropped by policy: ragged.',
  duplicate_rows: 'Rows whose key stood in the body before; the last one was served.',
  latin1_cells: 'Cells that were not UTF-8 and were read as Latin-1.',
  header_repeats: 'Header rows repeated inside a body, skipped.',
  held_rows: 'Rows kept from the version before, in each publish, because no source had a newer sample.',
  counter_resets: 'Cells of counters below those of the version before: cleared, wrapped, an older sample.',
  generations: 'Segments made: first body, new schema, growth.',
  split_bodies: 'Bodies that several workers read at once.',
  split_fallbacks: 'Bodies that several workers began to read and one had to read again.',
} as const;

export type SourceCounter = keyof typeof SOURCE_COUNTERS;

/** Counts by name. Only rises: what is not a positive number is ignored. */
export class Counters<Name extends string> {
  readonly #indices: ReadonlyMap<Name, number>;
  readonly #counts: Float64Array;

  constructor(names: readonly Name[]) {
    this.#indices = new Map(names.map((name, index) => [name, index]));
    this.#counts = new Float64Array(this.#indices.size);
  }

  add(name: Name, count = 1): void {
    const index = this.#indices.get(name);
    if (index !== undefined && count > 0 && count < Infinity) this.#counts[index]! += count;
  }

  /** One more of the name at `index` of the names given: for a hot path that knows the place. */
  addAt(index: number): void {
    this.#counts[index]! += 1;
  }

  get(name: Name): number {
    return this.#counts[this.#indices.get(name) ?? -1] ?? 0;
  }

  /** Takes out what was counted, and begins anew. */
  take(): readonly (readonly [Name, number])[] {
    const taken = this.entries().filter(([, count]) => count > 0);
    this.#counts.fill(0);
    return taken;
  }

  entries(): readonly (readonly [Name, number])[] {
    return [...this.#indices].map(([name, index]) => [name, this.#counts[index]!]);
  }
}

/** Names of a table in its order, with their type. */
export function namesOf<Name extends string>(table: Readonly<Record<Name, string>>): readonly Name[] {
  return Object.keys(table) as Name[];
}
