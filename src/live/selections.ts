/** Equal selections of many subscribers are one object, so that their frames are one frame. */
import type { TableSchema } from '../fabric/table.js';
import { formatRows } from '../query/selector.js';
import { formatSort } from '../query/sort.js';
import { formatWhere } from '../query/where.js';
import { selectedFields, type FrameSelection } from '../view/frame-selection.js';
import type { Step } from './turns.js';

/** Selections of this process so far: workers tell them apart by their keys. */
let made = 0;

/** A selection in use. Compare by identity. */
export class SharedSelection {
  /** Short name of the selection, unlike that of any other of this process. */
  readonly key: string;
  readonly selection: FrameSelection;
  #schema: TableSchema | undefined;
  #fields: readonly string[] = [];
  /** Owned by SelectionBook. */
  uses = 0;
  /** Subscriptions of it: after a publish they run one after the other, while its frame is at hand. */
  readonly members = new Set<Step>();

  constructor(key: string, selection: FrameSelection) {
    this.key = key;
    this.selection = selection;
  }

  /** Names of the selected columns that exist, in the order of frames. */
  fieldsOf(schema: TableSchema): readonly string[] {
    if (schema === this.#schema) return this.#fields;
    this.#schema = schema;
    this.#fields = selectedFields(schema, this.selection);
    return this.#fields;
  }

  /** Whether frames of two schemas have the same fields in the same order. */
  sameFields(a: TableSchema, b: TableSchema): boolean {
    const before = this.fieldsOf(a);
    const now = this.fieldsOf(b);
    return before.length === now.length && before.every((name, i) => name === now[i]);
  }
}

/** Selections that nobody uses now are kept, if they are short: requests for changes come again. */
const IDLE_MAX = 1024;
const IDLE_TEXT_MAX = 4096;

export class SelectionBook {
  readonly #used = new Map<string, SharedSelection>();
  /** The one released longest ago first. */
  readonly #idle = new Map<string, SharedSelection>();

  /** The one object of all equal selections; call `release` once for each `acquire`. */
  acquire(selection: FrameSelection): SharedSelection {
    const text = canonicalText(selection);
    const shared =
      this.#used.get(text) ?? this.#idle.get(text) ?? new SharedSelection(String(++made), selection);
    this.#idle.delete(text);
    this.#used.set(text, shared);
    shared.uses++;
    return shared;
  }

  release(shared: SharedSelection): void {
    shared.uses--;
    if (shared.uses > 0) return;
    const text = canonicalText(shared.selection);
    this.#used.delete(text);
    if (text.length > IDLE_TEXT_MAX) return;
    this.#idle.set(text, shared);
    for (const oldest of this.#idle.keys()) {
      if (this.#idle.size <= IDLE_MAX) break;
      this.#idle.delete(oldest);
    }
  }

  /** Those in use. */
  all(): Iterable<SharedSelection> {
    return this.#used.values();
  }

  /** Selections in use. */
  get size(): number {
    return this.#used.size;
  }
}

function canonicalText({ rows, where, sort, limit, view, metrics, int64AsString }: FrameSelection): string {
  return JSON.stringify([
    formatRows(rows),
    where && formatWhere(where),
    formatSort(sort),
    limit,
    view,
    metrics,
    int64AsString,
  ]);
}
