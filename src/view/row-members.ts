/**
 * Which rows a sliced selection held at one snapshot: a bit a row. A filter or a Top-N may let a row
 * in or out without a change in the selected columns, so the way to the next snapshot needs the set
 * before. Plain data, a few kilobytes, that crosses threads.
 */
import type { RowAddress, Table } from '../fabric/table.js';
import { lowestBit } from '../snapshot/bits.js';

export interface RowMembers {
  /** By part: where its words begin; one more entry ends the last part. */
  readonly starts: readonly number[];
  readonly words: Int32Array<ArrayBuffer>;
  readonly rows: number;
}

/**
 * A row's place that does not depend on who serves it: the first part that has ever seen its key,
 * and the slot there. It moves when an earlier part gets to know the key.
 */
export function homeOf(table: Table, part: number, slot: number, into: RowAddress): RowAddress {
  into.part = part;
  into.slot = slot;
  table.home(into);
  return into;
}

/** Collects the members of one table. */
export class MemberSet implements RowMembers {
  readonly starts: number[] = [];
  readonly words: Int32Array<ArrayBuffer>;
  rows = 0;

  constructor(table: Table) {
    let words = 0;
    for (const { bank } of table.parts) {
      this.starts.push(words);
      words += Math.ceil(bank.slots / 32);
    }
    this.starts.push(words);
    this.words = new Int32Array(words);
  }

  /** `part` and `slot` are a home. */
  add(part: number, slot: number): void {
    this.words[this.starts[part]! + (slot >> 5)]! |= 1 << (slot & 31);
    this.rows++;
  }
}

/** `part` and `slot` are a home of a later table of the same schema, or of this one. */
export function isMember({ starts, words }: RowMembers, part: number, slot: number): boolean {
  const word = starts[part]! + (slot >> 5);
  return word < starts[part + 1]! && ((words[word]! >>> (slot & 31)) & 1) === 1;
}

/** Visits all members, part by part, slot by slot. */
export function eachMember({ starts, words }: RowMembers, visit: (part: number, slot: number) => void): void {
  for (let part = 0; part + 1 < starts.length; part++) {
    const start = starts[part]!;
    for (let w = start; w < starts[part + 1]!; w++) {
      for (let bits = words[w]!; bits !== 0; bits &= bits - 1) {
        visit(part, (w - start) * 32 + lowestBit(bits));
      }
    }
  }
}
