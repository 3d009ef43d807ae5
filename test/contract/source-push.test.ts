import { systemClock } from '../../src/model/clock.js';
import type { PushReceipt, Upload } from '../../src/model/push.js';
import { PushSource } from '../../src/source/push.js';
import { SinkLedger } from '../fixtures/memory-sink.js';
import { describeSource, type SourceHarness } from './source.case.js';

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));

/** A client that pushes its body until it is taken: in pieces, with a sample time of its own. */
class Client {
  readonly #source: PushSource;
  #text: string | null = null;
  #broken = false;
  #stopped = false;
  #sampleMs = 1_790_000_000_000;
  failures = 0;
  taken = false;
  open = 0;
  /** Answers to the body offered last. */
  answers = 0;
  readonly done: Promise<void>;

  constructor(source: PushSource) {
    this.#source = source;
    this.done = this.#loop();
  }

  offer(text: string): void {
    this.#text = text;
    this.#broken = false;
    this.taken = false;
    this.answers = 0;
    this.#sampleMs += 1;
  }

  break(): void {
    this.#broken = true;
    this.#text ??= 'switch_id,a\n';
  }

  stop(): void {
    this.#stopped = true;
  }

  async #loop(): Promise<void> {
    while (!this.#stopped) {
      await pause();
      const text = this.#text;
      if (text === null || this.taken) continue;
      const end = await this.#push(text);
      if (text !== this.#text) continue;
      this.answers += 1;
      if (end === null || end instanceof Error) this.failures += 1;
      else this.taken = true;
    }
  }

  #push(text: string): Promise<PushReceipt | Error | null> {
    return new Promise((resolve) => {
      const bytes = Buffer.from(text);
      const head = {
        format: 'csv',
        isGzip: false,
        contentType: 'text/csv',
        contentLength: bytes.length,
        snapshotTsMs: this.#sampleMs,
      } as const;
      let upload: Upload;
      const settled = (end: PushReceipt | Error): void => {
        this.open -= 1;
        resolve(end);
      };
      try {
        upload = this.#source.open(head, { resume: () => {}, settled });
      } catch (error) {
        return resolve(error as Error);
      }
      this.open += 1;
      upload.write(bytes.subarray(0, 9));
      if (this.#broken) return upload.abort();
      setImmediate(() => {
        upload.write(bytes.subarray(9));
        upload.end();
      });
    });
  }
}

function open(): Promise<SourceHarness> {
  const ledger = new SinkLedger();
  const options = {
    id: 'lab',
    timeoutMs: 5_000,
    publishMsMax: 5_000,
    bodyBytesMax: 1e6,
    decodedBytesMax: 1e6,
  };
  const source = new PushSource(options, {
    clock: systemClock,
    allocate: ledger.allocate,
    observer: { pushed: () => {} },
    served: () => ({ rows: 1, columns: 1, rejectedCells: 0, rejectedRows: 0 }),
  });
  const client = new Client(source);
  return Promise.resolve({
    source,
    offer: (text) => client.offer(text),
    async breakUpstream() {
      client.break();
      const from = client.failures;
      while (client.failures === from) await pause();
    },
    async acknowledged() {
      while (client.answers === 0) await pause();
      return client.taken;
    },
    held: () => ledger.held,
    connections: () => client.open,
    close: async () => {
      client.stop();
      await client.done;
    },
  });
}

describeSource('push', open);
