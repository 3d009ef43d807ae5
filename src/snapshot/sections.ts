/** The sections of a segment, one behind the other. */
const LINE_BYTES = 64;

/** Hands out consecutive sections, each on a line of its own. */
export class Sections {
  bytes = 0;
  take(byteLength: number): number {
    const at = this.bytes;
    this.bytes = Math.ceil((at + byteLength) / LINE_BYTES) * LINE_BYTES;
    return at;
  }
  words(count: number): number {
    return this.take(count * 4) / 4;
  }
  doubles(count: number): number {
    return this.take(count * 8) / 8;
  }
}
