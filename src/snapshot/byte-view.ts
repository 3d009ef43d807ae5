/** Unaligned access to bytes for the scanner, which reads numbers several digits at a time. */

/** A view of exactly the memory of `bytes`. */
export function byteView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
