/**
 * Rows of a UFM-shaped port matrix: 64 ports a switch, which share one GUID. One port in ten has no
 * cable; of the others `changePct` per cent carry traffic, and the rest never change but in their
 * timestamp. A link that goes down keeps its counters and loses its measurements.
 */

import {
  bytesOf,
  COMMA,
  putBytes,
  putFixed,
  putHex,
  putInt,
  putPadded,
  putTiny,
  putWhole,
} from './digits.js';
import { linkStateAt, type LinkState } from './link.js';
import { at, below, mix32, u01, walk01 } from './noise.js';
import type { MatrixShape } from './options.js';
import { rowHash, type RowWriter } from './row-writer.js';
import { CELL, ufmColumns, type UfmColumn } from './ufm-columns.js';
import { putBins, putErrors, putRising, type PortTick } from './ufm-counters.js';
import { NodeTexts, TEXT_TABLES } from './ufm-text.js';

const PORTS_PER_SWITCH = 64;

const GUID_VENDOR = bytesOf('0x0c42a103');
const NOT_AVAILABLE = bytesOf('N/A');
const MINUS_ONE = bytesOf('-1');
const CELL_BYTES_MAX = 70;
/** A collector reads a switch at a time: the samples of one tick are up to 0.2 s old. */
const SAMPLE_SPREAD_US = 200_000;
const SERIAL_LETTERS = bytesOf('VSFTJKXR');

const NA_SALT = 0x3c6ef372;
const LOAD_STREAM = -7;

export class UfmRows implements RowWriter {
  readonly names: readonly string[];
  readonly eol = '\n';
  readonly rowBytesMax: number;

  readonly #seed: number;
  readonly #columns: readonly UfmColumn[];
  readonly #cells: Uint8Array;
  readonly #texts: NodeTexts;
  readonly #activeShare: number;
  readonly #naShare: number;

  #tick = 0;
  #tsUs = 0;
  readonly #link: LinkState = { downSince: -1, recovering: false, outages: 0 };
  readonly #port: PortTick = { hash: 0, tick: 0, linked: false, outages: 0 };
  /** State of the row being written. */
  #node = 0;
  #portNum = 0;
  #up = false;
  #state = 0;
  #load = 0;

  constructor(shape: MatrixShape) {
    this.#seed = shape.seed;
    this.#columns = ufmColumns(shape.columns);
    this.#cells = Uint8Array.from(this.#columns, (column) => column.cell);
    this.names = this.#columns.map((column) => column.name);
    this.rowBytesMax = shape.columns * CELL_BYTES_MAX;
    this.#activeShare = shape.changePct / 100;
    this.#naShare = shape.naPct / 100;
    const firstNode = Math.floor(shape.firstRow / PORTS_PER_SWITCH);
    const lastNode = Math.floor((shape.firstRow + shape.rows - 1) / PORTS_PER_SWITCH);
    this.#texts = new NodeTexts(shape.seed, firstNode, lastNode - firstNode + 1);
  }

  begin(tick: number, tsMs: number): void {
    this.#tick = tick;
    this.#tsUs = tsMs * 1000;
  }

  write(out: Uint8Array, start: number, row: number): number {
    this.#enter(row);
    const cells = this.#cells;
    const hash = this.#port.hash;
    let pos = this.#cell(cells[0]!, out, start, hash, 0);
    for (let i = 1; i < cells.length; i++) {
      out[pos] = COMMA;
      pos = this.#cell(cells[i]!, out, pos + 1, at(hash, i), i);
    }
    return pos;
  }

  /** Works out what the whole row shares. */
  #enter(row: number): void {
    const hash = rowHash(this.#seed, row);
    const port = this.#port;
    this.#node = Math.floor(row / PORTS_PER_SWITCH);
    this.#portNum = (row % PORTS_PER_SWITCH) + 1;
    port.hash = hash;
    port.linked = below(hash, 10) !== 3;
    const active = port.linked && u01(mix32(hash ^ 0x51ed270b)) < this.#activeShare;
    const link = this.#link;
    linkStateAt(hash, active ? this.#tick : 0, link);
    this.#up = port.linked && !(active && link.downSince >= 0);
    // Counters of a link that is down stand still at the tick it went down.
    port.tick = !active ? 0 : this.#up ? this.#tick : link.downSince;
    port.outages = link.outages;
    this.#state = !this.#up ? 2 : active && link.recovering ? 1 : 0;
    this.#load = walk01(at(hash, LOAD_STREAM), port.tick);
  }

  /** One cell: identity and text here, the rest in the methods below and in ufm-counters.ts. */
  #cell(cell: number, out: Uint8Array, pos: number, h: number, index: number): number {
    const column = this.#columns[index]!;
    switch (cell) {
      case CELL.timestamp:
        return putWhole(out, pos, this.#tsUs - below(this.#nodeHash(this.#node), SAMPLE_SPREAD_US));
      case CELL.nodeGuid:
        return putHex(out, putBytes(out, pos, GUID_VENDOR), this.#nodeHash(this.#node), 8);
      case CELL.empty:
        return pos;
      case CELL.portNum:
        return putInt(out, pos, this.#portNum);
      case CELL.counter:
        return putRising(out, pos, h, this.#port, column.a, column.b !== 0);
      case CELL.errors:
        return putErrors(out, pos, h, this.#port);
      case CELL.outages:
        return putInt(out, pos, this.#port.linked ? (this.#port.hash & 7) + this.#port.outages : 0);
      case CELL.histogram:
        return putBins(out, pos, h, this.#port, column.a);
      case CELL.state:
        return putBytes(out, pos, TEXT_TABLES[column.a]![this.#state]!);
      case CELL.choice:
        return this.#choice(out, pos, h, TEXT_TABLES[column.a]!);
      case CELL.number:
        return putInt(out, pos, column.a + below(h, column.b - column.a + 1));
      case CELL.minutes:
        return putInt(out, pos, below(h, column.a) + ((this.#port.tick / 6) | 0));
      default:
        return this.#measurement(cell, out, pos, h, column);
    }
  }

  /** What a sensor says, or a text about the far end: absent without a link. */
  #measurement(cell: number, out: Uint8Array, pos: number, h: number, column: UfmColumn): number {
    const tick = this.#port.tick;
    switch (cell) {
      case CELL.nodeText:
        return putBytes(out, pos, this.#texts.get(this.#node));
      case CELL.portLabel:
        return this.#label(out, pos);
      case CELL.calculated: {
        if (!this.#up) return putBytes(out, pos, MINUS_ONE);
        if (this.#unavailable(h)) return putBytes(out, pos, NOT_AVAILABLE);
        const share = 0.8 * this.#load + 0.2 * walk01(h, tick);
        return putScaled(out, pos, column, share);
      }
    }
    if (!this.#up) return pos;
    switch (cell) {
      case CELL.measured:
        if (this.#unavailable(h)) return putBytes(out, pos, NOT_AVAILABLE);
        // Sensors settle for four ticks at a time, each at its own moment.
        return putScaled(out, pos, column, walk01(h, (tick + (h & 3)) >> 2));
      case CELL.temperature:
        if (this.#unavailable(h)) return putBytes(out, pos, NOT_AVAILABLE);
        pos = putInt(out, pos, 33 + (h & 3) + Math.round(30 * this.#load));
        out[pos] = 0x43;
        return pos + 1;
      case CELL.ber:
        return putBer(out, pos, h, tick, column.a);
      case CELL.partnerText:
        return putBytes(out, pos, this.#texts.get(this.#partner()));
      case CELL.partnerGuid:
        return putHex(out, putBytes(out, pos, GUID_VENDOR), this.#nodeHash(this.#partner()), 8);
      case CELL.serial:
        return putSerial(out, pos, h);
    }
    throw new Error(`BUG: no cell of kind ${cell}`);
  }

  #choice(out: Uint8Array, pos: number, h: number, table: readonly Uint8Array[]): number {
    return this.#port.linked ? putBytes(out, pos, table[below(h, table.length)]!) : pos;
  }

  #label(out: Uint8Array, pos: number): number {
    const p = putInt(out, pos, (this.#portNum + 1) >> 1);
    out[p] = 0x2f;
    return putInt(out, p + 1, ((this.#portNum + 1) & 1) + 1);
  }

  #unavailable(h: number): boolean {
    return this.#naShare > 0 && u01(mix32(h ^ NA_SALT)) < this.#naShare;
  }

  #nodeHash(node: number): number {
    return at(this.#seed ^ 0x6a09e667, node);
  }

  #partner(): number {
    return this.#texts.partner(mix32(this.#port.hash ^ 0x1f83d9ab));
  }
}

function putScaled(out: Uint8Array, pos: number, column: UfmColumn, share: number): number {
  const scaled = Math.round((column.a + (column.b - column.a) * share) * column.scale);
  return putFixed(out, pos, scaled, column.c);
}

/** Three in four ports are clean: the smallest rate ever seen in the field. */
function putBer(out: Uint8Array, pos: number, h: number, tick: number, raw: number): number {
  if (raw === 0 && (h & 3) !== 0) return putTiny(out, pos, 15, 254);
  const tenths = 10 + ((89 * walk01(h, (tick + (h & 7)) >> 3)) | 0);
  return putTiny(out, pos, tenths, raw === 0 ? 7 + below(h >>> 8, 9) : 4 + below(h >>> 8, 6));
}

/** `MT2138VS04711`. */
function putSerial(out: Uint8Array, pos: number, h: number): number {
  out[pos] = 0x4d;
  out[pos + 1] = 0x54;
  const p = putPadded(out, pos + 2, 2101 + below(h, 452), 4);
  out[p] = SERIAL_LETTERS[h & 7]!;
  out[p + 1] = SERIAL_LETTERS[(h >>> 3) & 7]!;
  return putPadded(out, p + 2, below(h >>> 6, 100_000), 5);
}
