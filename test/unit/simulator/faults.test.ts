import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { systemClock, type Clock } from '../../../src/model/clock.js';
import { cutInsideNumber, edited, FAULT_MODES } from '../../../src/simulator/faults.js';
import { buildMatrix } from '../../../src/simulator/matrix.js';
import { SIMULATOR_DIALECTS } from '../../../src/simulator/options.js';
import { cellsOf, simulator, type TestSimulator } from './helper.js';

const bytesOf = async (answer: Response): Promise<Buffer> => Buffer.from(await answer.arrayBuffer());

/**
 * What stood on the wire after the header block, and how the connection ended. Read byte by byte:
 * after a shorter read than was asked for, libuv takes a reset for an orderly end.
 */
async function wire(
  sim: TestSimulator,
  path: string,
): Promise<{ head: string; body: string; ending: string }> {
  let text = '';
  let ending = 'end';
  const onread = {
    buffer: Buffer.alloc(1),
    callback: (_bytes: number, byte: Uint8Array) => {
      text += String.fromCharCode(byte[0]!);
      return true;
    },
  };
  const socket = connect({ port: sim.port, host: '127.0.0.1', onread });
  socket.on('error', (error: NodeJS.ErrnoException) => (ending = error.code ?? 'error'));
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await once(socket, 'close').catch(() => undefined);
  const [head = '', ...rest] = text.split('\r\n\r\n');
  return { head, body: rest.join('\r\n\r\n'), ending };
}

test('error_500, in any case of letters', async () => {
  const sim = await simulator();
  for (const mode of ['error_500', 'ERROR_500']) {
    const answer = await sim.get(`/counters?mode=${mode}`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).toBe('{"error":"injected failure"}');
  }
  expect(sim.lines.filter((line) => line.name === 'gen.inject_fault')).toHaveLength(2);
  const unknown = await sim.get('/counters?mode=explode');
  expect(unknown.status).toBe(400);
  expect(await unknown.text()).toContain(FAULT_MODES.join(', '));
});

test('html is a login page with status 200; empty is empty, or the header row alone', async () => {
  const sim = await simulator({ dialect: 'map' });
  const html = await sim.get('/counters?mode=html');
  expect(html.status).toBe(200);
  expect(html.headers.get('content-type')).toContain('text/html');
  expect(await html.text()).toMatch(/^<!DOCTYPE html>/);
  const empty = await sim.get('/counters?mode=empty');
  expect([empty.status, empty.headers.get('content-length'), await empty.text()]).toEqual([200, '0', '']);
  const header = await (await sim.get('/counters?mode=empty&header=1')).text();
  expect(header).toMatch(/^switch_id,bandwidth_mbps,.*\n$/);
  expect(header.indexOf('\n')).toBe(header.length - 1);
});

test('corrupt has NULs and bytes that are no UTF-8 after a sound header, the same each time', async () => {
  const sim = await simulator({ switches: 400 });
  const good = await bytesOf(await sim.get('/counters'));
  const bad = await bytesOf(await sim.get('/counters?mode=corrupt'));
  expect(bad.includes(0)).toBe(true);
  expect(() => new TextDecoder('utf-8', { fatal: true }).decode(bad)).toThrow();
  const headerEnd = good.indexOf('\n') + 1;
  expect(bad.subarray(0, headerEnd)).toEqual(good.subarray(0, headerEnd));
  expect(bad).toHaveLength(good.length);
  expect(await bytesOf(await sim.get('/counters?mode=corrupt'))).toEqual(bad);
  expect(await bytesOf(await sim.get('/counters'))).toEqual(good);
});

test('truncate announces more than it sends, then ends the connection; reset resets it', async () => {
  const sim = await simulator({ switches: 300, dialect: 'map' });
  const whole = await (await sim.get('/counters')).text();
  const cut = await wire(sim, '/counters?mode=truncate');
  expect(cut.head).toContain(`Content-Length: ${whole.length}`);
  expect(cut.body).toBe(whole.slice(0, whole.length >> 1));
  expect(cut.ending).toBe('end');
  const reset = await wire(sim, '/counters?mode=reset');
  expect(reset.head).toContain(`Content-Length: ${whole.length}`);
  expect(reset.body.length).toBeLessThan(whole.length);
  expect(reset.ending).toBe('ECONNRESET');
  await expect((await sim.get('/counters?mode=truncate')).text()).rejects.toThrow();
});

test('a large body that is cut leaves no listeners behind', async () => {
  const warnings: string[] = [];
  const note = ({ name }: Error): void => void warnings.push(name);
  process.on('warning', note);
  try {
    // Half of it is more slices than an emitter takes listeners without a warning.
    const sim = await simulator({ switches: 10_000, columns: 120, dialect: 'ufm' });
    await expect((await sim.get('/counters?mode=truncate')).arrayBuffer()).rejects.toThrow();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off('warning', note);
  }
  expect(warnings).toEqual([]);
});

test.each(SIMULATOR_DIALECTS)(
  'truncate at=cell, %s: complete HTTP that ends inside the last cell',
  async (dialect) => {
    const sim = await simulator({ dialect, switches: 40, columns: 120 });
    const whole = await (await sim.get('/counters')).text();
    const answer = await sim.get('/counters?mode=truncate&at=cell');
    const cut = await answer.text();
    expect(Number(answer.headers.get('content-length'))).toBe(cut.length);
    expect(whole.startsWith(cut)).toBe(true);
    const lastLine = cut.slice(cut.lastIndexOf('\n') + 1);
    const wholeLine = whole.slice(cut.length - lastLine.length).split(/\r?\n/)[0]!;
    expect(lastLine.split(',')).toHaveLength(wholeLine.split(',').length);
    expect(lastLine).not.toBe(wholeLine);
    if (dialect !== 'page') expect(lastLine).toMatch(/,\d[\d.]*$/);
  },
);

test('the cut is inside a number, never before or after it', () => {
  const cut = (text: string): string => text.slice(0, cutInsideNumber(Buffer.from(text)));
  expect(cut('a,b\nx,2,300\n')).toBe('a,b\nx,2,30');
  expect(cut('a,b\r\nx,4.2\r\n')).toBe('a,b\r\nx,4');
  expect(cut('a,b\nx,46.74\n')).toBe('a,b\nx,46');
  expect(cut('a,b\nx,123\ny,7\n')).toBe('a,b\nx,12');
  expect(cut('a,b\nx,Active\n')).toBe('a,b\nx,Activ');
});

test('ragged rows have a cell less or a cell more, the others are untouched', async () => {
  const sim = await simulator({ switches: 100, dialect: 'ufm', columns: 16 });
  const [good, bad] = await Promise.all(
    ['/counters', '/counters?mode=ragged'].map(async (path) =>
      (await (await sim.get(path)).text()).split('\n'),
    ),
  );
  expect(bad).toHaveLength(102);
  const changed = bad!.flatMap((line, i) => (line === good![i] ? [] : [i]));
  expect(changed).toEqual([1, 17, 33, 49, 65, 81, 97]);
  for (const [n, index] of changed.entries()) {
    const before = good![index]!;
    if (n % 2 === 1) expect(bad![index]).toBe(`${before},0`);
    else expect(before.startsWith(`${bad![index]},`)).toBe(true);
  }
});

test('vanish leaves out a tenth of the rows, duplicate repeats some', async () => {
  const sim = await simulator({ switches: 200 });
  const ids = async (path: string): Promise<string[]> =>
    cellsOf(await (await sim.get(path)).text()).map((cells) => cells[0]!);
  const all = await ids('/counters');
  const fewer = await ids('/counters?mode=vanish');
  expect(fewer).toHaveLength(181);
  expect(fewer.every((id) => all.includes(id))).toBe(true);
  await sim.tick();
  expect(await ids('/counters?mode=vanish')).toEqual(fewer);
  const more = await ids('/counters?mode=duplicate');
  expect(more).toHaveLength(201 + 13);
  expect([...new Set(more)]).toEqual(all);
});

test('an altered body has an ETag of its own', async () => {
  const sim = await simulator();
  const good = await sim.get('/counters');
  const bad = await sim.get('/counters?mode=vanish');
  expect(bad.headers.get('etag')).toBe(`${good.headers.get('etag')}-vanish`);
});

test('edits keep every other byte, also across slices', () => {
  const body = buildMatrix({ dialect: 'ufm', rows: 2000, columns: 60, seed: 3, tick: 1 });
  expect(body.length).toBeGreaterThan(700_000);
  const lines = Buffer.from(body).toString().split('\n');
  const vanished = Buffer.concat([...edited(body, 'vanish', 5)])
    .toString()
    .split('\n');
  const left = lines.filter((line) => !vanished.includes(line));
  expect(left).toHaveLength(200);
  expect(vanished).toEqual(lines.filter((line) => !left.includes(line)));
});

test('slow waits as long as it was told, by the clock', async () => {
  const delays: number[] = [];
  const clock: Clock = {
    ...systemClock,
    schedule: (delayMs, fn) => {
      delays.push(delayMs);
      return systemClock.schedule(delayMs > 10_000 ? delayMs : 0, fn);
    },
  };
  const sim = await simulator({ faultSlowMs: 700 }, { clock, random: () => 0.9 });
  delays.length = 0;
  await (await sim.get('/counters?mode=slow')).text();
  await (await sim.get('/counters?mode=slow&ms=123')).text();
  await (await sim.get('/counters')).text();
  expect(delays).toEqual([700, 123]);
});

test('FAULT_500_PCT and FAULT_SLOW_MS draw from the injected chance', async () => {
  const draws = [0.29, 0.31, 0.1, 0.3, 0.9];
  const delays: number[] = [];
  const clock: Clock = {
    ...systemClock,
    schedule: (delayMs, fn) => {
      delays.push(delayMs);
      return systemClock.schedule(delayMs > 10_000 ? delayMs : 0, fn);
    },
  };
  const sim = await simulator({ fault500Pct: 30, faultSlowMs: 50 }, { clock, random: () => draws.shift()! });
  delays.length = 0;
  const statuses: number[] = [];
  for (let i = 0; i < 3; i++) {
    const answer = await sim.get('/counters');
    statuses.push(answer.status);
    await answer.text();
  }
  expect(statuses).toEqual([500, 200, 200]);
  expect(delays).toEqual([50]);
  expect(draws).toEqual([]);
});

test('500s come at their rate, and the same ones with the same seed', async () => {
  const run = async (): Promise<string> => {
    const sim = await simulator({ fault500Pct: 40, seed: 9, switches: 2 });
    let statuses = '';
    for (let i = 0; i < 200; i++) {
      const answer = await sim.get('/counters');
      statuses += answer.status === 500 ? 'x' : '.';
      await answer.text();
    }
    return statuses;
  };
  const first = await run();
  expect(await run()).toBe(first);
  const failed = first.split('x').length - 1;
  expect(failed).toBeGreaterThan(55);
  expect(failed).toBeLessThan(105);
  const always = await simulator({ fault500Pct: 100 });
  expect((await always.get('/counters')).status).toBe(500);
  expect((await always.get('/health')).status).toBe(200);
});
