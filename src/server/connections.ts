/** How many clients may be connected, and how many are. */
import { readFileSync } from 'node:fs';
import type { Config } from '../config/config.js';

/** Descriptors that stay free for sources, workers, logs and files. */
const DESCRIPTORS_RESERVED_MIN = 64;
/** Of the process itself; of one source (a second connection while the first one closes); of one thread. */
const DESCRIPTORS_OF_PROCESS = 32;
const DESCRIPTORS_OF_SOURCE = 2;
const DESCRIPTORS_OF_THREAD = 6;
/** Where the limit cannot be read (not Linux): a number that every system allows. */
const CONNECTIONS_UNKNOWN_LIMIT = 192;

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}

/** What of a configuration needs descriptors. */
type Needs = Pick<Config, 'sources' | 'workers' | 'readers'>;

/** How many descriptors clients must leave to everything else. */
export function descriptorsReservedBy({ sources, workers, readers }: Needs): number {
  const threads = workers + readers;
  const needed =
    DESCRIPTORS_OF_PROCESS + sources.length * DESCRIPTORS_OF_SOURCE + threads * DESCRIPTORS_OF_THREAD;
  return Math.max(DESCRIPTORS_RESERVED_MIN, needed);
}

/**
 * The cap on open connections. 0 means as many as the limit on open files leaves: without a cap
 * below that limit the library spins at full load once descriptors run out.
 */
export function connectionsCap(
  configured: number,
  reserved = DESCRIPTORS_RESERVED_MIN,
  limits = readLimits(),
): number {
  const match = /^Max open files\s+(\d+|unlimited)/m.exec(limits);
  const soft = match?.[1] === 'unlimited' ? 1_000_000 : Number(match?.[1] ?? Number.NaN);
  const allowed = Number.isNaN(soft)
    ? CONNECTIONS_UNKNOWN_LIMIT
    : Math.max(1, soft - Math.min(reserved, Math.floor(soft / 2)));
  return configured === 0 ? allowed : Math.min(configured, allowed);
}

/** The connections of all threads that serve. */
export interface ConnectionCount {
  add(change: number): void;
  readonly total: number;
}

/** Counts the connections of this thread, HTTP and WebSocket together; the cap holds for all threads. */
export class Connections {
  readonly max: number;
  readonly #shared: ConnectionCount | null;
  #open = 0;
  #rejected = 0;

  constructor(max: number, shared: ConnectionCount | null = null) {
    this.max = max;
    this.#shared = shared;
  }

  get open(): number {
    return this.#open;
  }

  /** Of all threads. */
  get total(): number {
    return this.#shared?.total ?? this.#open;
  }

  /** Connections closed at once because too many were open. */
  get rejected(): number {
    return this.#rejected;
  }

  /** One more. False: it is beyond the cap and must be closed (its closing is reported as well). */
  opened(): boolean {
    this.#open++;
    this.#shared?.add(1);
    if (this.total <= this.max) return true;
    this.#rejected++;
    return false;
  }

  closed(): void {
    this.#open--;
    this.#shared?.add(-1);
  }
}
