/** A simulated WebSocket, as the library shows one: the real sockets of server/ are on its other side. */
import type { Clock } from '../../src/model/clock.js';
import type { SocketEvents } from '../../src/server/sockets.js';
import type { UwsBytes, UwsWebSocket } from '../../src/server/uws.js';
import { LIBRARY_BYTES_MAX, LiveSocket, type SocketData } from '../../src/server/socket.js';
import type { Dice } from '../fixtures/live-world.js';
import type { SimReport } from './sim-report.js';

/** What the system takes before anything waits in the process. */
const SYSTEM_BYTES = 64 * 1024;
const MESSAGE_BYTES_MAX = 900_000;
/** Of the library's own frames together: more than what the server lets wait. */
const CONTROL_BYTES = 1_500_000;

export interface SimSocketDeps {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly report: SimReport;
  readonly events: SocketEvents;
  readonly slowClientMs: number;
  /** One message has come through to the client. */
  readonly onText: (text: string) => void;
  /** The server has handed one over. */
  readonly onSend: (text: string) => void;
  readonly onClose: (code: number) => void;
}

let made = 0;

export class SimSocket implements UwsWebSocket<SocketData> {
  readonly #deps: SimSocketDeps;
  readonly #data: SocketData;
  readonly #queue: { readonly text: string | null; readonly bytes: number }[] = [];
  /** Each byte counts as so many: small tables fill large buffers, too. */
  readonly #weight: number;
  /** The library forgets to say that it has room again, at times. */
  readonly #forgetful: boolean;
  #bytes = 0;
  /** Of the queue, those that are the library's own. */
  #controls = 0;
  #stalled = false;
  #reading = false;
  /** When the last byte was taken that waited in the process, or the first one began to wait. */
  #stuckSinceMs = 0;
  closedWith: number | null = null;

  constructor(deps: SimSocketDeps) {
    const { dice, clock } = deps;
    this.#deps = deps;
    this.#weight = dice.pick([1, 60, 400, 2_000]);
    this.#forgetful = dice.chance(0.3);
    this.#data = { socket: new LiveSocket(`sim-${made++}`, 'sim', clock.monotonicMs()) };
    deps.events.open(this);
  }

  getUserData(): SocketData {
    this.#touch('getUserData');
    return this.#data;
  }

  send(message: UwsBytes, isBinary: boolean): number {
    this.#touch('send');
    const text = typeof message === 'string' ? message : Buffer.from(message).toString();
    const bytes = Math.min(text.length * this.#weight, MESSAGE_BYTES_MAX);
    if (isBinary) this.#deps.report.broken('a binary frame');
    if (this.#waitingBytes + bytes > LIBRARY_BYTES_MAX) return 2;
    const waited = this.#waitingBytes;
    this.#deps.onSend(text);
    this.#queue.push({ text, bytes });
    this.#bytes += bytes;
    this.#read();
    if (this.#waitingBytes === 0) return 1;
    if (waited === 0) this.#stuckSinceMs = this.#deps.clock.monotonicMs();
    this.#deps.report.note('socket full');
    return 0;
  }

  getBufferedAmount(): number {
    this.#touch('getBufferedAmount');
    return this.#waitingBytes;
  }

  end(code: number): void {
    this.#touch('end');
    if (code === 1013) {
      const stuckMs = this.#deps.clock.monotonicMs() - this.#stuckSinceMs;
      const isSlow = this.#waitingBytes > 0 && stuckMs >= this.#deps.slowClientMs - 1;
      this.#deps.report.check(isSlow, () => `a client is closed as slow after ${stuckMs} ms`);
    }
    this.#ended(code);
  }

  close(): void {
    this.end(1006);
  }

  get #waitingBytes(): number {
    return Math.max(0, this.#bytes - SYSTEM_BYTES);
  }

  /** The library ends the process over a socket that is used after its end; here it is a finding. */
  #touch(what: string): void {
    if (this.closedWith !== null) this.#deps.report.broken(`${what} of a socket that has ended`);
  }

  /** What the client says. */
  say(text: string): void {
    if (this.closedWith !== null) return;
    const bytes = Buffer.from(text);
    const { buffer } = Uint8Array.from(bytes);
    this.#deps.events.message(this, buffer, false);
  }

  /** The client goes away, politely or not; what is under way is lost. */
  leave(code: number): void {
    if (this.closedWith === null) this.#ended(code);
  }

  #ended(code: number): void {
    const { events, onClose } = this.#deps;
    events.close(this, code, new ArrayBuffer(0));
    this.closedWith = code;
    this.#queue.length = 0;
    this.#bytes = 0;
    onClose(code);
  }

  get isStalled(): boolean {
    return this.#stalled;
  }

  get isIdle(): boolean {
    return this.#queue.length === 0;
  }

  /** The client stops reading, or goes on. */
  stall(isStalled: boolean): void {
    this.#stalled = isStalled;
    this.#read();
  }

  /** Much that the library sends by itself: the hub's own frames are not taken for a while. */
  answersPings(): void {
    if (this.closedWith !== null) return;
    if (this.#waitingBytes === 0) this.#stuckSinceMs = this.#deps.clock.monotonicMs();
    this.#queue.push({ text: null, bytes: CONTROL_BYTES });
    this.#bytes += CONTROL_BYTES;
    this.#controls++;
    this.#read();
  }

  /** Whether it should have been closed by now, whenever the server looks. */
  get isOverdue(): boolean {
    if (this.closedWith !== null || this.#waitingBytes === 0 || this.#controls > 0) return false;
    const { clock, slowClientMs } = this.#deps;
    return (
      clock.monotonicMs() - this.#stuckSinceMs > slowClientMs + 2 * Math.min(1_000, slowClientMs / 4) + 1
    );
  }

  #read(): void {
    if (this.#reading || this.#stalled || this.#queue.length === 0 || this.closedWith !== null) return;
    this.#reading = true;
    const { clock, dice } = this.#deps;
    clock.schedule(dice.random() * 4, () => {
      this.#reading = false;
      if (this.#stalled || this.closedWith !== null) return;
      const waited = this.#waitingBytes;
      const { text, bytes } = this.#queue.shift()!;
      this.#bytes -= bytes;
      if (this.#waitingBytes < waited) this.#stuckSinceMs = clock.monotonicMs();
      if (text === null) this.#controls--;
      else this.#deps.onText(text);
      if (this.#waitingBytes < waited && !(this.#forgetful && dice.chance(0.5)))
        this.#deps.events.drain(this);
      this.#read();
    });
  }
}
