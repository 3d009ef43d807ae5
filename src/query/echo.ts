/** What a client sent, as it may stand in an answer: short, and one line. */

const SHOWN_CHARACTERS_MAX = 120;

/** `text` in single quotes, cut when long. Control characters never get this far (params.ts). */
export function shown(text: string): string {
  return text.length > SHOWN_CHARACTERS_MAX ? `'${text.slice(0, SHOWN_CHARACTERS_MAX)}...'` : `'${text}'`;
}
