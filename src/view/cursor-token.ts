/**
 * The text of a cursor: which set of pages, which page, and a check. Opaque to clients. The id is
 * random, so that nobody reads another selection by accident; the check tells a token that was
 * changed on its way from one whose pages are gone.
 */
import type { Random } from '../model/clock.js';
import { utf8Bytes } from './bytes.js';
import { crc32 } from './crc32.js';

const ID_CHARACTERS = 16;
const TOKEN = /^([0-9a-z]{16})\.([0-9a-z]{1,6})\.([0-9a-z]{1,7})$/;

export interface CursorName {
  readonly id: string;
  /** From 0. */
  readonly page: number;
}

/** A new id of 16 base-36 characters. */
export function makeCursorId(random: Random): string {
  let id = '';
  while (id.length < ID_CHARACTERS) id += Math.floor(random() * 36).toString(36);
  return id;
}

function check(named: string): string {
  return crc32(utf8Bytes(named)).toString(36);
}

export function formatCursor({ id, page }: CursorName): string {
  const named = `${id}.${page.toString(36)}`;
  return `${named}.${check(named)}`;
}

/** Undefined for what `formatCursor` never wrote. */
export function parseCursor(token: string): CursorName | undefined {
  const match = TOKEN.exec(token);
  if (!match || check(`${match[1]!}.${match[2]!}`) !== match[3]) return undefined;
  return { id: match[1]!, page: Number.parseInt(match[2]!, 36) };
}
