/** What one simulated endpoint measures: a small table that changes, and its bodies. */
import { ROW_IDS, type Dice } from '../fixtures/live-world.js';

/** By row key: column name to the text of the cell. */
export type TextRows = ReadonlyMap<string, ReadonlyMap<string, string>>;

export interface SimBody {
  readonly text: string;
  readonly columns: readonly string[];
  readonly rows: TextRows;
}

/** Names that live-selections.ts ranks and filters by. */
const COLUMNS = ['cpu', 'temp', 'tx', 'rx', 'name', 'größe', 'a "b"'];
const TEXTS = ['up', 'down', 'up', 'Polling, slow', 'naïve 交换机 😀', 'x "quoted"', '7'];
const ROWS_MAX = 14;

function cellText(column: string, dice: Dice): string {
  if (dice.chance(0.12)) return '';
  switch (column) {
    case 'name':
      return dice.pick(TEXTS);
    case 'temp':
      return dice.chance(0.02) ? 'n/a' : String(dice.below(400) / 8);
    case 'tx':
      return dice.chance(0.2) ? String(2n ** 63n + BigInt(dice.below(5))) : String(dice.below(6));
    case 'rx':
      return dice.chance(0.1) ? `-${dice.below(9)}` : String(dice.below(2 ** 30));
    default:
      return String(dice.below(5));
  }
}

function written(cell: string): string {
  return /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

export class SimTable {
  readonly #dice: Dice;
  #columns: string[];
  #rows = new Map<string, Map<string, string>>();

  constructor(dice: Dice) {
    this.#dice = dice;
    this.#columns = COLUMNS.slice(0, 2 + dice.below(4));
    for (const key of dice.some(ROW_IDS.slice(0, ROWS_MAX), 0.5)) this.#addRow(key);
    if (this.#rows.size === 0) this.#addRow(ROW_IDS[0]!);
  }

  #addRow(key: string): void {
    this.#rows.set(key, new Map(this.#columns.map((name) => [name, cellText(name, this.#dice)])));
  }

  /** The next sample: often little differs, at times everything, at times the columns. */
  move(): void {
    const dice = this.#dice;
    if (dice.chance(0.04)) this.#changeColumns();
    const share = dice.pick([0, 0.03, 0.03, 0.1, 0.4, 1]);
    for (const cells of this.#rows.values()) {
      for (const name of this.#columns) if (dice.chance(share)) cells.set(name, cellText(name, dice));
    }
    const churn = dice.pick([0, 0, 0, 0, 0.08, 0.4]);
    for (const key of dice.some(ROW_IDS.slice(0, ROWS_MAX), churn)) {
      if (!this.#rows.delete(key)) this.#addRow(key);
    }
    if (this.#rows.size === 0) this.#addRow(dice.pick(ROW_IDS.slice(0, ROWS_MAX)));
    if (dice.chance(0.1)) this.#rows = new Map([...this.#rows].reverse());
  }

  #changeColumns(): void {
    const dice = this.#dice;
    const kept = dice.some(this.#columns, 0.8);
    const added = dice.some(COLUMNS, 0.2).filter((name) => !kept.includes(name));
    const columns = [...kept, ...added];
    if (columns.length === 0) return;
    this.#columns = dice.chance(0.3) ? columns.reverse() : columns;
    for (const cells of this.#rows.values()) {
      for (const name of added) cells.set(name, cellText(name, dice));
    }
  }

  body(): SimBody {
    const columns = [...this.#columns];
    const rows = new Map<string, ReadonlyMap<string, string>>();
    const lines = [`switch_id,${columns.map(written).join(',')}`];
    for (const [key, cells] of this.#rows) {
      const own = new Map(columns.map((name) => [name, cells.get(name)!]));
      rows.set(key, own);
      lines.push([key, ...own.values()].map(written).join(','));
    }
    return { text: `${lines.join('\n')}\n`, columns, rows };
  }
}
