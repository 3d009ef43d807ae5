/**
 * Glob patterns over UTF-8 bytes: `*` any run of characters, `?` one character, all else itself.
 * Never backtracks beyond the last `*`: the cost is at most text times pattern, and patterns are
 * short (GLOB_CHARACTERS_MAX).
 */

/** True when source[start, start + length) satisfies a test. */
export type BytesTest = (source: Uint8Array, start: number, length: number) => boolean;

const STAR = 42;
const QUESTION = 63;

const encoder = new TextEncoder();

/** Index after the character that begins at `at`. */
function afterCharacter(source: Uint8Array, at: number, end: number): number {
  let next = at + 1;
  while (next < end && (source[next]! & 0xc0) === 0x80) next++;
  return next;
}

export function globTest(pattern: string): BytesTest {
  const glob = encoder.encode(pattern);
  const length = glob.length;
  return (source, start, count) => {
    const end = start + count;
    let at = start;
    let p = 0;
    // Where to go on from when what follows the last star does not fit here.
    let starP = -1;
    let starAt = 0;
    while (at < end) {
      const wanted = p < length ? glob[p]! : -1;
      if (wanted === STAR) {
        starP = ++p;
        starAt = at;
        if (p === length) return true;
      } else if (wanted === QUESTION) {
        p++;
        at = afterCharacter(source, at, end);
      } else if (wanted === source[at]) {
        p++;
        at++;
      } else if (starP >= 0) {
        p = starP;
        starAt = afterCharacter(source, starAt, end);
        at = starAt;
      } else return false;
    }
    while (p < length && glob[p] === STAR) p++;
    return p === length;
  };
}
