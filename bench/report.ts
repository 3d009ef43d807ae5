/** Where the numbers come from and how they are shown. */
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import type { BenchReport, BenchRow } from './harness.js';

/** What `--json` writes. */
export interface ReportDocument {
  readonly machine: string;
  /** Load average of the minute before the run: above 0.5 somebody else was at work. */
  readonly load_before: number;
  readonly date: string;
  readonly smoke: boolean;
  readonly rounds: number;
  readonly benches: readonly BenchReport[];
}

const GIB = 1024 ** 3;

export function machine(): string {
  const model = cpus()[0]?.model.trim() || 'unknown CPU';
  const memory = `${Math.round(totalmem() / GIB)} GiB`;
  return `${model}, ${availableParallelism()} cores, ${memory}, ${process.platform}-${process.arch}, Node ${process.version}`;
}

export function loadNow(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}

function format(value: number | null): string {
  if (value === null) return '-';
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** A row's value and unit. */
export function quantityOf({ value, unit }: BenchRow): string {
  return `${format(value)} ${unit}`.trim();
}

/** Where and when: one line. */
export function headingOf({ date, machine, load_before, rounds, smoke }: ReportDocument): string {
  const scale = smoke ? ' Smoke run: sizes are tiny and times mean nothing.' : '';
  return `${date}. ${machine}. Load before: ${load_before}. ${rounds} rounds.${scale}`;
}

/** A Markdown table for people and for bench/README.md. */
export function tableOf(reports: readonly BenchReport[]): string {
  const lines = ['| bench | what | value | against | ratio |', '|---|---|--:|---|--:|'];
  for (const { name, rows } of reports) {
    for (const row of rows) {
      const { what, against, ratio } = row;
      const shown = ratio === undefined ? '' : format(ratio);
      lines.push(`| ${name} | ${what} | ${quantityOf(row)} | ${against ?? ''} | ${shown} |`);
    }
  }
  return lines.join('\n');
}
