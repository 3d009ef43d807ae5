/** A function that may be longer than the limit because splitting it costs time in a hot loop. */
export interface HotFunction {
  readonly file: string;
  /** The name as declared: `scanRows`, or `Writer.put` for a method. */
  readonly name: string;
  /** The bench that shows why: a file that exists. */
  readonly bench: string;
}

/** Every entry is checked: the file, the function and the bench must exist. */
export const HOT: readonly HotFunction[] = [
  { file: 'src/parse/number-run.ts', name: 'readNumbers', bench: 'bench/parse.ts' },
  { file: 'src/kernel/assembly/scan/lex.ts', name: 'lex', bench: 'bench/parse.ts' },
  { file: 'src/kernel/assembly/scan/integers.ts', name: 'integerColumn', bench: 'bench/parse.ts' },
  { file: 'src/kernel/assembly/scan/doubles.ts', name: 'doubleColumn', bench: 'bench/parse.ts' },
];
