/**
 * Question: what does one more row, column, changed cell, request and subscriber cost, and when is a
 * machine outgrown? The real daemon is measured at several sizes, and the costs are fitted.
 */
import type { Bench, BenchContext, BenchRow } from './harness.js';
import {
  refreshPoint,
  servingPoints,
  type Effort,
  type RefreshPoint,
  type ServingPoints,
  type Size,
} from './parts/cost-points.js';
import { fitCosts, type Fit } from './parts/least-squares.js';

interface Plan {
  readonly sizes: readonly Size[];
  readonly effort: Effort;
  /** Where requests and subscribers are measured. */
  readonly serving: Size;
}

const size = (rows: number, columns: number, changePct: number): Size => ({ rows, columns, changePct });

const FULL: Plan = {
  sizes: [
    size(500, 30, 50),
    size(10_000, 30, 50),
    size(5_000, 120, 100),
    size(20_000, 120, 5),
    size(20_000, 120, 100),
    size(50_000, 30, 50),
    size(50_000, 120, 50),
  ],
  effort: { warmUp: 6, publishes: 12, requests: 30_000, subscribers: [50, 200], roundMs: 4000, everyMs: 250 },
  serving: size(5_000, 40, 50),
};
const SMOKE: Plan = {
  sizes: [size(100, 12, 100), size(1_000, 40, 100)],
  effort: { warmUp: 2, publishes: 2, requests: 100, subscribers: [1, 2], roundMs: 200, everyMs: 50 },
  serving: size(100, 30, 100),
};

/** What the costs are told for. */
const COLUMNS = 120;
const ROWS = 50_000;
/** A machine: cores, and how much of them may be busy so that there is room for a bad moment. */
const CORES = 2;
const BUSY = 0.7;
const POLL_S = 10;
const REQUESTS_PER_S = 1_000;
const SUBSCRIBERS = 100;
const CHANGED_SHARE = 0.1;
const MEMORY_BYTES = 8 * 2 ** 30;

interface Model {
  readonly cpu: Fit;
  readonly resident: Fit;
  readonly wire: Fit;
  readonly message: Fit;
  readonly messageWire: Fit;
}

function fitAll(points: readonly RefreshPoint[], { subscribers }: ServingPoints): Model {
  const cells = ({ rows, columns }: Size): number => rows * columns;
  const scaleUs = Math.max(...subscribers.map(({ cpuUs }) => Math.abs(cpuUs)), 1);
  return {
    // A publish, a row, a cell, a cell that changed.
    cpu: fitCosts(
      points.map((one) => ({ amounts: [1, one.rows, cells(one), one.changedCells], total: one.cpuUs })),
    ),
    // The process, a row, a cell.
    resident: fitCosts(
      points.map((one) => ({ amounts: [1, one.rows, cells(one)], total: one.residentBytes })),
    ),
    wire: fitCosts(points.map((one) => ({ amounts: [one.rows, cells(one)], total: one.bodyBytes }))),
    // A message to one subscriber, a changed cell in it, and the frame that all share, by its cells.
    message: fitCosts(
      subscribers.map(({ subscribers: count, changedCells, cpuUs }) => ({
        amounts: [count, count * changedCells, changedCells],
        total: cpuUs,
        // A difference of two measurements may come out as nothing or less.
        scale: scaleUs,
      })),
    ),
    messageWire: fitCosts(
      subscribers.map(({ changedCells, wireBytes }) => ({ amounts: [1, changedCells], total: wireBytes })),
    ),
  };
}

const percent = (value: number): string => `${(value * 100).toFixed(0)} %`;

/** How far the fit is from what was measured: the largest relative error. */
function worst({ residuals }: Fit): number {
  return Math.max(...residuals.map(Math.abs)) * 100;
}

function costRows(model: Model, { request }: ServingPoints): BenchRow[] {
  const [publish, row, cell, changed] = model.cpu.coefficients as [number, number, number, number];
  const [process, rowBytes, cellBytes] = model.resident.coefficients as [number, number, number];
  const [rowWire, cellWire] = model.wire.coefficients as [number, number];
  const [message, messageCell, frameCell] = model.message.coefficients as [number, number, number];
  const [messageBytes, changedBytes] = model.messageWire.coefficients as [number, number];
  const us = (what: string, value: number): BenchRow => ({ what, value, unit: 'µs' });
  const bytes = (what: string, value: number): BenchRow => ({ what, value, unit: 'bytes' });
  return [
    us('a refresh of nothing: CPU', publish),
    us(`one more row of ${COLUMNS} columns: CPU of a refresh`, row + COLUMNS * cell),
    bytes(`one more row of ${COLUMNS} columns: resident`, rowBytes + COLUMNS * cellBytes),
    bytes(`one more row of ${COLUMNS} columns: wire, from upstream`, rowWire + COLUMNS * cellWire),
    us(`one more column of ${ROWS} rows: CPU of a refresh`, ROWS * cell),
    bytes(`one more column of ${ROWS} rows: resident`, ROWS * cellBytes),
    bytes(`one more column of ${ROWS} rows: wire, from upstream`, ROWS * cellWire),
    us('one more changed cell: CPU of a refresh', changed),
    us('one more changed cell that is subscribed to: CPU of the frame', frameCell),
    us('one more changed cell in a message: CPU', messageCell),
    bytes('one more changed cell in a message: wire', changedBytes),
    us('one more subscriber: CPU of a message', message),
    bytes('one more subscriber: wire of a message without cells', messageBytes),
    us('one more GetMetric: CPU', request.cpuUs),
    bytes('one more GetMetric: wire, headers included', request.wireBytes),
    bytes('the process without data: resident', process),
  ];
}

function residualRows(model: Model): BenchRow[] {
  const row = (name: string, fit: Fit): BenchRow => ({
    what: `largest error of the fit: ${name}`,
    value: worst(fit),
    unit: '%',
  });
  return [
    row('CPU of a refresh', model.cpu),
    row('resident memory', model.resident),
    row('bytes of a body', model.wire),
    row('CPU of messages', model.message),
    row('bytes of a message', model.messageWire),
  ];
}

/** Where one machine ends, by what ends first. */
function limitRows(model: Model, { request }: ServingPoints): BenchRow[] {
  const [publish, row, cell, changed] = model.cpu.coefficients as [number, number, number, number];
  const [process, rowBytes, cellBytes] = model.resident.coefficients as [number, number, number];
  const [message, messageCell, frameCell] = model.message.coefficients as [number, number, number];
  const rowUs = row + COLUMNS * (cell + CHANGED_SHARE * changed);
  const room = CORES * BUSY * 1e6 * POLL_S;
  // Everybody follows one column of all rows.
  const followedUs = CHANGED_SHARE * (frameCell + SUBSCRIBERS * messageCell);
  const servedUs = REQUESTS_PER_S * POLL_S * request.cpuUs + SUBSCRIBERS * message;
  const followed = `${REQUESTS_PER_S} GetMetric a second, ${SUBSCRIBERS} subscribers of one column`;
  const machine = `${CORES} cores ${percent(BUSY)} busy`;
  const rows = (what: string, value: number): BenchRow => ({
    what,
    // Where a smoke run sees no cost, there is no end.
    value: Number.isFinite(value) ? Math.max(0, Math.floor(value)) : null,
    unit: 'rows',
  });
  return [
    rows(`outgrown: ${machine}, refreshed each ${POLL_S} s, ${COLUMNS} columns`, (room - publish) / rowUs),
    rows(`outgrown: the same and ${followed}`, (room - publish - servedUs) / (rowUs + followedUs)),
    rows(
      // The scan of one body is work of one thread.
      `outgrown: one core ${percent(BUSY)} busy, refreshed each second, ${COLUMNS} columns`,
      (BUSY * 1e6 - publish) / rowUs,
    ),
    rows(
      `outgrown: ${MEMORY_BYTES / 2 ** 30} GiB of memory, ${COLUMNS} columns`,
      (MEMORY_BYTES - process) / (rowBytes + COLUMNS * cellBytes),
    ),
    {
      what: `outgrown: GetMetric a second on one core ${percent(BUSY)} busy`,
      value: Math.floor((BUSY * 1e6) / request.cpuUs),
      unit: '',
    },
  ];
}

async function run({ smoke, note }: BenchContext): Promise<BenchRow[]> {
  const { sizes, effort, serving } = smoke ? SMOKE : FULL;
  const points: RefreshPoint[] = [];
  for (const one of sizes) {
    const point = await refreshPoint(one, effort);
    const { rows, columns, changedCells, cpuUs, residentBytes } = point;
    const told = `${Math.round(cpuUs)} µs, ${Math.round(residentBytes / 1e6)} MB`;
    note(`${rows} x ${columns}, ${Math.round(changedCells)} cells changed: ${told}`);
    points.push(point);
  }
  const served = await servingPoints(serving, effort, note);
  const model = fitAll(points, served);
  return [...costRows(model, served), ...residualRows(model), ...limitRows(model, served)];
}

export const bench: Bench = {
  name: 'cost',
  question: 'What does one more row, column, changed cell, request and subscriber cost?',
  run,
};
