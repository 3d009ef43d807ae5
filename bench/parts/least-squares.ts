/** What each of some quantities costs, fitted from measured totals. */

export interface Sample {
  /** How much of each quantity there was, in the order of the coefficients. */
  readonly amounts: readonly number[];
  readonly total: number;
  /** What an error is measured by. Default: `total`, so that a small sample counts as much as a large one. */
  readonly scale?: number;
}

export interface Fit {
  /** For one more of each quantity; never negative. */
  readonly coefficients: readonly number[];
  /** Of each sample: fitted less measured total, as a share of its scale. */
  readonly residuals: readonly number[];
}

/**
 * Least squares of the relative errors. A cost cannot be negative: what the noise makes so is taken
 * for nothing, and the rest is fitted again. With fewer samples than quantities the last ones cost nothing.
 */
export function fitCosts(samples: readonly Sample[]): Fit {
  const count = samples[0]?.amounts.length ?? 0;
  let used = Array.from({ length: Math.min(count, samples.length) }, (_, i) => i);
  for (;;) {
    const solved = solveFor(samples, used);
    const worst = solved.indexOf(Math.min(...solved));
    if (solved[worst]! < 0) {
      used = used.filter((_, i) => i !== worst);
      continue;
    }
    const coefficients = Array.from({ length: count }, (_, i) => solved[used.indexOf(i)] ?? 0);
    const residuals = samples.map(
      (sample) => (costOf(sample.amounts, coefficients) - sample.total) / scaleOf(sample),
    );
    return { coefficients, residuals };
  }
}

export function costOf(amounts: readonly number[], coefficients: readonly number[]): number {
  return amounts.reduce((sum, amount, i) => sum + amount * coefficients[i]!, 0);
}

function scaleOf({ total, scale }: Sample): number {
  return scale ?? total;
}

/** The normal equations of the columns `used`, each sample divided by its scale. */
function solveFor(samples: readonly Sample[], used: readonly number[]): number[] {
  const rows = samples.map((sample) => used.map((i) => sample.amounts[i]! / scaleOf(sample)));
  const totals = samples.map((sample) => sample.total / scaleOf(sample));
  // Columns differ by many orders of magnitude: each is brought to length one first.
  const scales = used.map((_, i) => Math.hypot(...rows.map((row) => row[i]!)) || 1);
  const scaled = rows.map((row) => row.map((value, i) => value / scales[i]!));
  const matrix = used.map((_, i) => [
    ...used.map((_, j) => scaled.reduce((sum, row) => sum + row[i]! * row[j]!, 0)),
    scaled.reduce((sum, row, at) => sum + row[i]! * totals[at]!, 0),
  ]);
  return eliminate(matrix).map((value, i) => value / scales[i]!);
}

/** Gauss with the largest pivot; the last column is the right side. */
function eliminate(matrix: number[][]): number[] {
  const size = matrix.length;
  for (let at = 0; at < size; at++) {
    let pivot = at;
    for (let row = at + 1; row < size; row++) {
      if (Math.abs(matrix[row]![at]!) > Math.abs(matrix[pivot]![at]!)) pivot = row;
    }
    [matrix[at], matrix[pivot]] = [matrix[pivot]!, matrix[at]!];
    const top = matrix[at]!;
    if (Math.abs(top[at]!) < 1e-12) throw new Error('cannot fit: the samples do not tell the costs apart');
    for (const [row, line] of matrix.entries()) {
      if (row === at) continue;
      const factor = line[at]! / top[at]!;
      for (let column = at; column <= size; column++) line[column]! -= factor * top[column]!;
    }
  }
  return matrix.map((line, i) => line[size]! / line[i]!);
}
