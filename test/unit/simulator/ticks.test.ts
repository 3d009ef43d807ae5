import { once } from 'node:events';
import { connect } from 'node:net';
import type { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { systemClock } from '../../../src/model/clock.js';
import { Body, RetiredBodies } from '../../../src/simulator/body.js';
import { BuildLoop } from '../../../src/simulator/build-loop.js';
import { BuildThread, type Builder } from '../../../src/simulator/build-thread.js';
import type { BuildJob, BuildResult, ThreadReply } from '../../../src/simulator/messages.js';
import { fillOptions, shapeOf, type SimulatorOptions } from '../../../src/simulator/options.js';
import { simulator, type TestSimulator } from './helper.js';

/** Builds on this thread, when it is let; keeps what comes back. */
class HeldBuilder implements Builder {
  readonly jobs: BuildJob[] = [];
  readonly recycled: Uint8Array[] = [];
  held: Promise<void> = Promise.resolve();
  readonly #loop: BuildLoop;
  readonly #replies: ThreadReply[] = [];

  constructor(options: Partial<SimulatorOptions>) {
    this.#loop = new BuildLoop(shapeOf(fillOptions(options)), systemClock, (reply) =>
      this.#replies.push(reply),
    );
  }

  /** Builds wait until the returned function is called. */
  hold(): () => void {
    let open = (): void => {};
    this.held = new Promise((resolve) => (open = resolve));
    return open;
  }

  async build(tick: number, tsMs: number, job: BuildJob): Promise<BuildResult> {
    this.jobs.push(job);
    await this.held;
    this.#loop.handle({ op: 'build', id: 1, tick, tsMs, job });
    const reply = this.#replies.pop()!;
    if (!reply.ok) throw new Error(reply.message);
    return reply;
  }

  recycle(bytes: Uint8Array): void {
    this.recycled.push(bytes);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

async function tickOf(sim: TestSimulator, dialect: string): Promise<string> {
  const answer = await sim.get(`/counters?dialect=${dialect}`);
  await answer.text();
  return answer.headers.get('etag')!.split('-')[1]!;
}

test('the tick before is served while the next is built', async () => {
  const builder = new HeldBuilder({ switches: 10 });
  const sim = await simulator({ switches: 10 }, { builder });
  expect(await tickOf(sim, 'map')).toBe('0');
  const open = builder.hold();
  const ticking = sim.tick();
  expect(await tickOf(sim, 'map')).toBe('0');
  open();
  await ticking;
  expect(await tickOf(sim, 'map')).toBe('1');
});

test('only dialects that were asked for are built, until nobody asks any more', async () => {
  const builder = new HeldBuilder({ switches: 10 });
  const sim = await simulator({ switches: 10 }, { builder });
  await sim.tick();
  expect(builder.jobs).toEqual([]);
  await tickOf(sim, 'map');
  await tickOf(sim, 'plain');
  await sim.tick();
  expect(builder.jobs.map((job) => job.dialect)).toEqual(['map', 'plain', 'map', 'plain']);
  for (let i = 0; i < 70; i++) {
    await tickOf(sim, 'plain');
    await sim.tick();
  }
  builder.jobs.length = 0;
  await sim.tick();
  expect(builder.jobs.map((job) => job.dialect)).toEqual(['plain']);
  expect(await tickOf(sim, 'map')).toBe('73');
});

test('requests that wait for a first build share it', async () => {
  const builder = new HeldBuilder({ switches: 10 });
  const sim = await simulator({ switches: 10 }, { builder });
  const open = builder.hold();
  // In one segment, so that all three are there before the first is answered.
  const socket = connect(sim.port, '127.0.0.1');
  const requests = ['', '', 'Connection: close\r\n'].map(
    (more) => `GET /counters?dialect=page HTTP/1.1\r\nHost: x\r\n${more}\r\n`,
  );
  socket.write(requests.join(''));
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString()));
  while (builder.jobs.length === 0) await new Promise((resolve) => setImmediate(resolve));
  open();
  await once(socket, 'close');
  expect(text.match(/HTTP\/1.1 200 OK/g)).toHaveLength(3);
  expect(builder.jobs).toHaveLength(1);
});

test('a failed build keeps the body of the tick before, and is logged', async () => {
  const builder = new HeldBuilder({ switches: 10 });
  const sim = await simulator({ switches: 10 }, { builder });
  await tickOf(sim, 'map');
  builder.held = Promise.reject(new Error('out of luck'));
  await sim.tick();
  expect(await tickOf(sim, 'map')).toBe('0');
  expect(sim.lines.find((line) => line.name === 'gen.error')?.fields['error']).toContain('out of luck');
  expect((await sim.get('/counters?dialect=page')).status).toBe(500);
  builder.held = Promise.resolve();
  await sim.tick();
  expect(await tickOf(sim, 'map')).toBe('2');
});

test('a body goes back for reuse when its last reader has gone, not before', async () => {
  const options = { switches: 40_000, columns: 60, dialect: 'ufm' } as const;
  const builder = new HeldBuilder(options);
  const sim = await simulator(options, { builder });
  const socket = connect(sim.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('GET /counters HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'readable');
  // More is unread than the kernel holds, so the body stays pinned.
  await sim.tick();
  await sim.tick();
  expect(builder.recycled).toHaveLength(1);
  socket.destroy();
  while (builder.recycled.length < 2) await new Promise((resolve) => setImmediate(resolve));
  expect(builder.recycled[1]!.length).toBeGreaterThan(10_000_000);
}, 30_000);

test('readers of old bodies are cut, oldest first, beyond 64 MiB and one body', () => {
  const given: number[] = [];
  const retired = new RetiredBodies((bytes) => given.push(bytes.length));
  const cut: number[] = [];
  const size = 40 * 2 ** 20;
  for (let tick = 0; tick < 3; tick++) {
    const body = new Body(new Uint8Array(size), tick, 0, '');
    const release = body.acquire(() => {
      cut.push(tick);
      release();
    });
    retired.add(body, size);
  }
  expect(cut).toEqual([0, 1]);
  expect(given).toEqual([size, size]);
});

test('the thread takes buffers back and fills them again', () => {
  const replies: ThreadReply[] = [];
  const options = { switches: 300, columns: 20, dialect: 'ufm' } as const;
  const loop = new BuildLoop(shapeOf(fillOptions(options)), systemClock, (reply) => replies.push(reply));
  const built = (tick: number): Uint8Array => {
    const job = { dialect: 'ufm', identity: true, gzip: false } as const;
    loop.handle({ op: 'build', id: tick, tick, tsMs: 0, job });
    const reply = replies.pop()!;
    if (!reply.ok || !reply.identity) expect.fail('no body');
    return reply.identity;
  };
  const first = built(0);
  const second = built(1);
  expect(second.buffer === first.buffer).toBe(false);
  loop.handle({ op: 'recycle', bytes: first });
  const third = built(2);
  expect(third.buffer === first.buffer).toBe(true);
  expect(third.byteOffset).toBe(0);
});

test('bodies cross by transfer, and a lost thread is replaced by one that builds the same bytes', async () => {
  const workers: Worker[] = [];
  const seen = (worker: Worker): void => void workers.push(worker);
  process.on('worker', seen);
  const thread = new BuildThread(shapeOf(fillOptions({ switches: 100_000, columns: 60 })));
  try {
    const job = { dialect: 'map', identity: true, gzip: false } as const;
    const before = await thread.build(3, 5000, job);
    const bytes = before.identity!;
    const copy = bytes.slice();
    thread.recycle(bytes);
    expect(bytes.length).toBe(0);
    const lost = thread.build(4, 6000, { ...job, dialect: 'ufm' });
    void workers[0]!.terminate();
    await expect(lost).rejects.toThrow('cannot build: the thread ended');
    const after = await thread.build(3, 5000, job);
    expect(Buffer.compare(after.identity!, copy)).toBe(0);
    expect(workers).toHaveLength(2);
  } finally {
    process.off('worker', seen);
    await thread.close();
  }
  await expect(thread.build(1, 1, { dialect: 'map', identity: true, gzip: false })).rejects.toThrow('closed');
});

test('the real thread: main goes on serving the old body while 3.6 million cells are built', async () => {
  const sim = await simulator({ switches: 30_000, columns: 120, dialect: 'ufm' });
  expect(await tickOf(sim, 'ufm')).toBe('0');
  let done = false;
  const ticking = sim.tick().then(() => (done = true));
  const seen: string[] = [];
  while (!done) {
    const head = await fetch(`${sim.url}/counters`, { method: 'HEAD' });
    seen.push(head.headers.get('etag')!.split('-')[1]!);
  }
  await ticking;
  expect(seen[0]).toBe('0');
  expect(await tickOf(sim, 'ufm')).toBe('1');
}, 30_000);
