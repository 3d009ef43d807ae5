/** The texts of a UFM-shaped matrix, as the bytes of their cells: quoted where RFC 4180 asks. */

import { cellBytes } from './digits.js';
import { at, below } from './noise.js';

const cells = (...texts: string[]): readonly Uint8Array[] => texts.map(cellBytes);

/** Tables that `state` and `choice` columns name by index. A state table is up, coming up, down. */
export const TEXT_TABLES: readonly (readonly Uint8Array[])[] = [
  cells('Active', 'Init', 'Down'),
  cells('LinkUp', 'PortConfigurationTraining', 'Polling'),
  cells('3', '5', '2'),
  cells('NVIDIA', 'Mellanox', 'Amphenol "ICD"', 'Molex, LLC', 'Hisense'),
  cells('NDR', 'HDR', 'XDR', 'EDR'),
  cells('4x', '2x'),
  cells('Interleaved_Standard_RS-FEC-544-514', 'Standard_LL_RS-FEC-271-257', 'No-FEC'),
  cells('31.2014.1068', '31.2012.3008', '35.2014.1676'),
  cells('MCP4Y10-N003', 'MFP7E10-N015', 'MMA4Z00-NS', '980-9I51S-00NS00', 'MCA4J80-N004'),
  cells('Passive copper cable', 'Optical module (separated)', 'Active cable, limited "ACC"'),
  cells('OSFP', 'QSFP112', 'QSFP-DD'),
  cells('A1', 'A2', 'B4', '02'),
  cells('0', '1023', '1024'),
  cells('No issue was observed', 'Link training in progress', 'Cable is unplugged, port "held" down'),
  cells('1', '2', '4'),
];

/**
 * Descriptions of all switches of a matrix, by node index. Most are plain (`MF0;sw-0007:MQM9790/U1`),
 * one in eight has a comma, one in sixteen quotes besides.
 */
export class NodeTexts {
  readonly #texts: readonly Uint8Array[];
  readonly #first: number;

  constructor(seed: number, firstNode: number, count: number) {
    this.#first = firstNode;
    this.#texts = Array.from({ length: count }, (_, i) => cellBytes(describe(seed, firstNode + i)));
  }

  get(node: number): Uint8Array {
    return this.#texts[node - this.#first]!;
  }

  /** Index of any switch of the matrix, by hash: the far end of a link. */
  partner(hash: number): number {
    return this.#first + below(hash, this.#texts.length);
  }
}

function describe(seed: number, node: number): string {
  const name = `sw-${String(node).padStart(4, '0')}`;
  const h = at(seed, node);
  if ((h & 15) === 1) return `MF0;${name}:MQM9790/U1 "spine", row ${below(h, 40)}`;
  if ((h & 7) === 0) return `${name}, rack B${below(h, 60)}`;
  return `MF0;${name}:MQM9790/U1`;
}
