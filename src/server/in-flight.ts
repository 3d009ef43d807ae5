/** Counts exchanges that outlive their handler's call: what a graceful stop waits for. */
export class InFlight {
  #count = 0;

  get count(): number {
    return this.#count;
  }

  began(): void {
    this.#count++;
  }

  ended(): void {
    this.#count--;
  }
}
