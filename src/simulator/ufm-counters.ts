/**
 * Counters that only rise, exact in 64 bits. The value at tick t is base + rate × t + a part below
 * `rate` that differs from tick to tick, so it rises at every tick without any state.
 */

import { LOW_LIMIT, putCounter, putInt, putWhole } from './digits.js';
import { at, below, mix32 } from './noise.js';

/** What a port's counters depend on. One object is filled again for each row. */
export interface PortTick {
  hash: number;
  /** Tick at which the counters stand: 0 for ever on an idle port, frozen while the link is down. */
  tick: number;
  /** False without a cable: everything counted is 0. */
  linked: boolean;
  outages: number;
}

/** First multiples of 10^10 beyond 2^53 and beyond 2^63. */
const HIGH_AFTER_2_53 = 900_720;
const HIGH_AFTER_2_63 = 922_337_204;

/**
 * A traffic counter. `bits` (at most 28) bounds the rate per tick: up to tick 2^25 nothing is
 * rounded. Of the `wide` ones, one port in 64 is beyond 2^63 and one in 16 beyond 2^53.
 */
export function putRising(
  out: Uint8Array,
  pos: number,
  h: number,
  port: PortTick,
  bits: number,
  wide: boolean,
): number {
  if (!port.linked) return putInt(out, pos, 0);
  const rate = 1 + (mix32(h ^ 0x27d4eb2f) & ((1 << bits) - 1));
  let high = wide ? highPart(h, port.hash >>> 26) : 0;
  let low = bits > 18 ? (h >>> 0) * 2.25 : h >>> 8;
  low = Math.floor(low) + rate * port.tick + below(at(h, port.tick), rate);
  if (low >= LOW_LIMIT) {
    const carry = Math.floor(low / LOW_LIMIT);
    high += carry;
    low -= carry * LOW_LIMIT;
  }
  return putCounter(out, pos, high, low);
}

function highPart(h: number, portClass: number): number {
  if (portClass === 0) return HIGH_AFTER_2_63 + below(h, 800_000_000);
  if (portClass < 5) return HIGH_AFTER_2_53 + below(h, 90_000_000);
  return below(h, 20_000);
}

/** Zero on three ports of four. The others: 8 ticks in which it rises, then quiet for 32 to 95. */
export function putErrors(out: Uint8Array, pos: number, h: number, port: PortTick): number {
  if (!port.linked || (h & 3) !== 1) return putInt(out, pos, 0);
  const period = 40 + ((h >>> 2) & 63);
  const ticks = port.tick + ((h >>> 8) % period);
  const bursts = (ticks / period) | 0;
  const since = ticks - bursts * period;
  const size = 1 + ((h >>> 12) & 255);
  const rising = since < 8 ? (size * (since + 1)) >> 3 : size;
  return putWhole(out, pos, ((h >>> 20) & 1023) + bursts * size + rising);
}

const BIN_SCALE = Float64Array.from({ length: 7 }, (_, bin) => 2 ** (12 - 3 * bin));

/** Bin `bin` of an error histogram: each holds an eighth of the one before, the last ones little. */
export function putBins(out: Uint8Array, pos: number, h: number, port: PortTick, bin: number): number {
  if (bin > 6) return putErrors(out, pos, h, port);
  if (!port.linked) return putInt(out, pos, 0);
  const rate = 1 + ((mix32(h ^ 0x165667b1) >>> 12) >> (3 * bin));
  const base = (h >>> 0) * BIN_SCALE[bin]!;
  return putWhole(out, pos, Math.floor(base) + rate * port.tick + below(at(h, port.tick), rate));
}
