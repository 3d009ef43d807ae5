/** Changes to inputs, each decided by a dice. */
import type { Dice } from '../fixtures/live-world.js';

/** Bytes at which parsers change their mind. */
const EDGES = [0, 9, 10, 13, 32, 34, 37, 38, 39, 44, 45, 46, 48, 57, 61, 92, 101, 123, 125, 127, 128];
EDGES.push(0xc3, 0xe2, 0xef, 0xf0, 0xfe, 0xff);
const CHANGES_MAX = 5;

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

function someByte(dice: Dice): number {
  return dice.chance(0.7) ? dice.pick(EDGES) : dice.below(256);
}

export class Mutator {
  readonly #dice: Dice;
  readonly #tokens: readonly Uint8Array[];
  readonly #bytesMax: number;

  constructor(dice: Dice, tokens: readonly string[], bytesMax: number) {
    this.#dice = dice;
    this.#tokens = tokens.map((token) => Uint8Array.from(Buffer.from(token)));
    this.#bytesMax = bytesMax;
  }

  /** `input` changed in a few places; `other` is another input, parts of which may come in. */
  next(input: Uint8Array, other: Uint8Array): Uint8Array {
    let bytes = input;
    const changes = 1 + this.#dice.below(CHANGES_MAX);
    for (let i = 0; i < changes; i++) bytes = this.#change(bytes, other);
    return bytes.subarray(0, this.#bytesMax);
  }

  #change(bytes: Uint8Array, other: Uint8Array): Uint8Array {
    const dice = this.#dice;
    const at = dice.below(bytes.length + 1);
    const before = bytes.subarray(0, at);
    const behind = bytes.subarray(at);
    const length = dice.chance(0.7) ? 1 + dice.below(4) : dice.below(behind.length + 1);
    switch (dice.below(10)) {
      case 0:
        return joined(before, Uint8Array.of(someByte(dice)), behind.subarray(1));
      case 1:
        return joined(before, Uint8Array.of(someByte(dice)), behind);
      case 2:
        return joined(before, behind.subarray(length));
      case 3:
        return joined(before, behind.subarray(0, length), behind);
      case 4:
        return before;
      case 5: {
        const from = dice.below(other.length + 1);
        return joined(before, other.subarray(from, from + length), behind);
      }
      case 6:
        return joined(before, behind.subarray(length), behind.subarray(0, length));
      case 7:
        return joined(before, this.#bits(behind));
      default:
        return joined(before, dice.pick(this.#tokens), behind.subarray(dice.chance(0.5) ? 0 : length));
    }
  }

  #bits(bytes: Uint8Array): Uint8Array {
    const copy = Uint8Array.from(bytes);
    if (copy.length > 0) copy[0]! ^= 1 << this.#dice.below(8);
    return copy;
  }
}
