/** CRC-32 as gzip wants it. Node has its own only from 20.15 and 22.2 on. */

/** Four tables: four bytes a step. */
const TABLES = new Int32Array(1024);
for (let i = 0; i < 256; i++) {
  let crc = i;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  TABLES[i] = crc;
}
for (let i = 256; i < 1024; i++) {
  const before = TABLES[i - 256]!;
  TABLES[i] = (before >>> 8) ^ TABLES[before & 255]!;
}

/** Continues `crc` (0 to begin) over all of `bytes`; unsigned. */
export function crc32(bytes: Uint8Array, crc = 0): number {
  let state = ~crc;
  let i = 0;
  for (const end = bytes.length - 3; i < end; i += 4) {
    state ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    state =
      TABLES[768 + (state & 255)]! ^
      TABLES[512 + ((state >>> 8) & 255)]! ^
      TABLES[256 + ((state >>> 16) & 255)]! ^
      TABLES[state >>> 24]!;
  }
  for (; i < bytes.length; i++) state = (state >>> 8) ^ TABLES[(state ^ bytes[i]!) & 255]!;
  return ~state >>> 0;
}
