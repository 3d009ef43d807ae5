/** What is fuzzed, and what must hold whatever comes in. */
export interface FuzzTarget {
  readonly name: string;
  /** Pieces that mean something to it: mutations insert them. */
  readonly tokens: readonly string[];
  /** Longer inputs are cut. */
  readonly bytesMax: number;
  /** Of dist/: whose branches count as reached when a run is guided by coverage. */
  readonly covers: readonly string[];
  /**
   * One input. Throws for a finding: a crash, an error of a kind that is not documented, a result
   * that is not the naive model's. True when the input was taken, false when it was refused.
   */
  run(input: Uint8Array): boolean;
}

/** A finding that is no crash. */
export function ensure(holds: boolean, what: () => string): asserts holds {
  if (!holds) throw new Error(`finding: ${what()}`);
}
