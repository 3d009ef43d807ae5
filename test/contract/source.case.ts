/**
 * What every Source must do (src/source/source.ts). An implementation's test starts its own
 * upstream behind `SourceHarness` and calls `describeSource`.
 */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeliveryError } from '../../src/model/outcome.js';
import type { Body, Deliver, Delivered, Source } from '../../src/source/source.js';
import { flush } from '../fixtures/fake-clock.js';
import { textOf } from '../fixtures/memory-sink.js';

export interface SourceHarness {
  readonly source: Source;
  /** From now on the upstream has this body to give, as new data. */
  offer(text: string): void;
  /** From now on every exchange fails; resolves when at least one has. */
  breakUpstream(): Promise<void>;
  /** Whether the upstream knows the last offered body to be taken. Resolves when that is certain. */
  acknowledged(): Promise<boolean>;
  /** Bodies whose memory nobody has released. */
  held(): number;
  /** Connections open on the upstream's side. */
  connections(): number;
  close(): Promise<void>;
}

interface Delivery {
  readonly body: Body;
  readonly signal: AbortSignal;
  resolve(delivered: Delivered): void;
  reject(error: Error): void;
}

/** Collects the calls of `deliver` and lets the test settle them one by one. */
class Deliveries {
  readonly all: Delivery[] = [];
  pending = 0;
  pendingMax = 0;

  readonly deliver: Deliver = async (body, signal) => {
    this.pending += 1;
    this.pendingMax = Math.max(this.pendingMax, this.pending);
    try {
      return await new Promise<Delivered>((resolve, reject) => {
        this.all.push({ body, signal, resolve, reject });
      });
    } finally {
      this.pending -= 1;
      body.bytes.release();
    }
  };

  async nth(index: number): Promise<Delivery> {
    while (this.all.length <= index) await new Promise((resolve) => setTimeout(resolve, 2));
    return this.all[index]!;
  }
}

const FIRST = 'switch_id,a\nsw-0,1\n';
const SECOND = 'switch_id,a\nsw-0,2\nsw-1,18446744073709551615\n';
const refused = (): DeliveryError => new DeliveryError('parse', 'line 2: refused by the test', false);

/** Long enough for a source that does not wait to show itself. */
const idle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 150));

export function describeSource(name: string, open: () => Promise<SourceHarness>): void {
  describe(`Source contract: ${name}`, () => {
    let harness: SourceHarness;
    let deliveries: Deliveries;
    let stopper: AbortController;
    let run: Promise<void>;

    beforeEach(async () => {
      harness = await open();
      deliveries = new Deliveries();
      stopper = new AbortController();
      run = Promise.resolve();
    });

    afterEach(async () => {
      stopper.abort();
      for (const delivery of deliveries.all) delivery.reject(refused());
      await run;
      await harness.close();
      expect(harness.held()).toBe(0);
    });

    const begin = (): void => {
      run = harness.source.run(deliveries.deliver, stopper.signal);
    };

    it('has an id', () => {
      expect(harness.source.id).toMatch(/./);
    });

    it('delivers the bytes whole and unchanged, with the moment of their arrival', async () => {
      harness.offer(FIRST);
      begin();
      const { body } = await deliveries.nth(0);
      expect(textOf(body.bytes)).toBe(FIRST);
      expect(body.bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(Number.isFinite(body.receivedAtMs)).toBe(true);
      expect(Number.isFinite(body.receivedAtMonoMs)).toBe(true);
      expect(body.fetchMs).toBeGreaterThanOrEqual(0);
      expect(body.wireBytes).toBeGreaterThan(0);
    });

    it('delivers one body at a time, and waits', async () => {
      harness.offer(FIRST);
      begin();
      const first = await deliveries.nth(0);
      harness.offer(SECOND);
      await idle();
      expect(deliveries.all.length).toBe(1);
      expect(textOf(first.body.bytes)).toBe(FIRST); // untouched while it is being read
      first.resolve({ outcome: 'ok' });
      expect(textOf((await deliveries.nth(1)).body.bytes)).toBe(SECOND);
      expect(deliveries.pendingMax).toBe(1);
    });

    it.each(['ok', 'identical'] as const)('acknowledges what was delivered: %s', async (outcome) => {
      harness.offer(FIRST);
      begin();
      (await deliveries.nth(0)).resolve({ outcome });
      expect(await harness.acknowledged()).toBe(true);
    });

    it('does not acknowledge what was refused, and goes on', async () => {
      harness.offer(FIRST);
      begin();
      (await deliveries.nth(0)).reject(refused());
      expect(await harness.acknowledged()).toBe(false);
      harness.offer(SECOND);
      for (let i = 1; ; i++) {
        const { body, reject } = await deliveries.nth(i);
        if (textOf(body.bytes) === SECOND) break;
        reject(refused());
      }
    });

    it('outlives an upstream that fails', async () => {
      begin();
      await harness.breakUpstream();
      expect(deliveries.all.length).toBe(0);
      harness.offer(SECOND);
      expect(textOf((await deliveries.nth(0)).body.bytes)).toBe(SECOND);
    });

    it('delivers nothing when it is stopped before it starts', async () => {
      harness.offer(FIRST);
      stopper.abort();
      begin();
      await run;
      await idle();
      expect(deliveries.all.length).toBe(0);
    });

    it('ends when stopped, closes its connections and delivers no more', async () => {
      harness.offer(FIRST);
      begin();
      (await deliveries.nth(0)).resolve({ outcome: 'ok' });
      stopper.abort();
      await run;
      harness.offer(SECOND);
      await idle();
      expect(deliveries.all.length).toBe(1);
      expect(harness.connections()).toBe(0);
    });

    it('passes the stop on to a pending delivery and waits for it', async () => {
      harness.offer(FIRST);
      begin();
      const { signal, reject } = await deliveries.nth(0);
      let ended = false;
      void run.then(() => (ended = true));
      stopper.abort();
      expect(signal.aborted).toBe(true);
      await flush();
      expect(ended).toBe(false);
      reject(refused());
      await run;
    });

    it('can run again after it has ended', async () => {
      harness.offer(FIRST);
      begin();
      (await deliveries.nth(0)).resolve({ outcome: 'ok' });
      stopper.abort();
      await run;
      stopper = new AbortController();
      harness.offer(SECOND);
      begin();
      expect(textOf((await deliveries.nth(1)).body.bytes)).toBe(SECOND);
    });
  });
}
