/**
 * Which blocks of the product an input has reached, asked of V8 itself: no instrumented build and no
 * binary of a fuzzer. WebAssembly is not seen.
 */
import { Session, type Profiler } from 'node:inspector';

export class Coverage {
  readonly #session = new Session();
  readonly #covers: readonly string[];
  readonly #known = new Set<string>();

  /** `covers`: parts of the paths of files that count. */
  constructor(covers: readonly string[]) {
    this.#covers = covers;
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    this.take();
  }

  get blocks(): number {
    return this.#known.size;
  }

  /** True when something was reached since the last call that never was before. */
  take(): boolean {
    const before = this.#known.size;
    // Within one thread the answer comes before `post` returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error) throw error;
      for (const script of answer.result) if (this.#counts(script)) this.#note(script);
    });
    return this.#known.size > before;
  }

  #counts({ url }: Profiler.ScriptCoverage): boolean {
    return this.#covers.some((part) => url.includes(part));
  }

  #note({ scriptId, functions }: Profiler.ScriptCoverage): void {
    for (const { ranges } of functions) {
      if (ranges[0]!.count === 0) continue;
      // Blocks that ran as often as what is around them are not told: those that did not run say as much.
      for (const { startOffset, endOffset, count } of ranges) {
        // Once, twice, often and very often are different things.
        const often = Math.min(4, Math.ceil(Math.log2(count + 1)));
        this.#known.add(`${scriptId}:${startOffset}:${endOffset}:${often}`);
      }
    }
  }

  close(): void {
    this.#session.disconnect();
  }
}
