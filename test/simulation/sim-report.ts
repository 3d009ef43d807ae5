/** What a world saw: broken rules with what led to them, and which situations came up at all. */

export class SimReport {
  readonly violations: string[] = [];
  /** How often each situation came up: a simulation that never meets one proves nothing about it. */
  readonly seen = new Map<string, number>();
  readonly #lines: string[] = [];
  readonly #nowMs: () => number;
  readonly #keepsTrace: boolean;

  constructor(nowMs: () => number, keepsTrace: boolean) {
    this.#nowMs = nowMs;
    this.#keepsTrace = keepsTrace;
  }

  note(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
  }

  /** For the trace of a seed that is run again. */
  trace(what: () => string): void {
    if (this.#keepsTrace) this.#lines.push(`${this.#nowMs().toFixed(1).padStart(10)}  ${what()}`);
  }

  broken(what: string): void {
    const line = `${this.#nowMs().toFixed(1)} ms: ${what}`;
    if (this.violations.length < 20) this.violations.push(line);
    this.trace(() => `BROKEN ${what}`);
  }

  check(holds: boolean, what: () => string): void {
    if (!holds) this.broken(what());
  }

  get lines(): readonly string[] {
    return this.#lines;
  }
}
