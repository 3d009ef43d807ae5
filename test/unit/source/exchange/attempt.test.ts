/** One attempt driven by hand: what undici would otherwise never do, or only sometimes. */

import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';
import { Attempt } from '../../../../src/source/exchange/attempt.js';
import { Connection } from '../../../../src/source/exchange/connection.js';
import { FakeClock } from '../../../fixtures/fake-clock.js';
import { bodyOf } from '../../../fixtures/exchange-rig.js';
import { SinkLedger } from '../../../fixtures/memory-sink.js';

class Controller implements Dispatcher.DispatchController {
  readonly aborted = false;
  readonly reason = null;
  paused = false;
  pauses = 0;
  readonly rawHeaders: Buffer[];
  #resumed = (): void => {};

  constructor(headers: Record<string, string>) {
    this.rawHeaders = Object.entries(headers)
      .flat()
      .map((text) => Buffer.from(text));
  }

  abort(): void {}

  pause(): void {
    this.paused = true;
    this.pauses += 1;
  }

  resume(): void {
    this.paused = false;
    this.#resumed();
  }

  async room(): Promise<void> {
    if (this.paused) await new Promise<void>((resolve) => (this.#resumed = resolve));
  }
}

function start(ledger: SinkLedger, origin = 'http://127.0.0.1:9'): Attempt {
  return new Attempt({
    clock: new FakeClock(),
    allocate: ledger.allocate,
    connection: new Connection(origin, 1_000),
    bodyBytesMax: 1e7,
    decodedBytesMax: 1e7,
    lastBytes: 0,
    startMs: 0,
    conditional: false,
  });
}

describe('attempt', () => {
  it('holds the socket back while the decoder is behind, and lets it go on', async () => {
    const text = randomBytes(2_000_000).toString('latin1');
    const bytes = gzipSync(Buffer.from(text, 'latin1'));
    const attempt = start(new SinkLedger());
    const controller = new Controller({ 'Content-Encoding': 'gzip' });
    attempt.onRequestStart();
    attempt.onResponseStart(controller, 200);
    for (let at = 0; at < bytes.byteLength; at += 65_536) {
      attempt.onResponseData(controller, bytes.subarray(at, at + 65_536));
      expect(controller.paused).toBe(true); // more than zlib wants to hold
      await controller.room();
    }
    attempt.onResponseEnd();
    expect(bodyOf(await attempt.settled) === text).toBe(true);
    expect(controller.pauses).toBeGreaterThan(20);
  });

  it('lets others have their turn while a large plain body arrives over TLS', async () => {
    const attempt = start(new SinkLedger(), 'https://127.0.0.1:9');
    const controller = new Controller({});
    attempt.onResponseStart(controller, 200);
    const chunk = Buffer.alloc(65_536, 'x');
    let chunks = 0;
    while (!controller.paused) {
      attempt.onResponseData(controller, chunk);
      chunks += 1;
    }
    expect(chunks).toBe(4);
    await controller.room();
    attempt.onResponseData(controller, chunk);
    expect(controller.paused).toBe(false);
    attempt.onResponseEnd();
    expect(bodyOf(await attempt.settled).length).toBe(5 * 65_536);
  });

  it('compares the length itself', async () => {
    const ledger = new SinkLedger();
    const attempt = start(ledger);
    const controller = new Controller({ 'Content-Length': '5' });
    attempt.onResponseStart(controller, 200);
    attempt.onResponseData(controller, Buffer.from('abcd'));
    attempt.onResponseEnd();
    const settled = await attempt.settled;
    expect(settled).toMatchObject({ kind: 'failed', outcome: 'truncated', message: 'received 4 of 5 bytes' });
    expect(ledger.held).toBe(0);
  });

  it('ignores what comes after it has settled', async () => {
    const ledger = new SinkLedger();
    const attempt = start(ledger);
    const controller = new Controller({});
    attempt.onResponseStart(controller, 200);
    attempt.onResponseError(controller, new Error('first'));
    attempt.onResponseData(controller, Buffer.from('late'));
    attempt.onResponseEnd();
    attempt.onResponseError(controller, new Error('second'));
    expect(await attempt.settled).toMatchObject({ message: 'the body was cut short: first' });
    expect(ledger.held).toBe(0);
  });
});
