/** GetMetric requests spread over a matrix, and whether their answers are right. */
import { fieldColumns, isServedAs, keysOf, type CsvTable } from './matrix.js';
import { fetchOnce, type Program } from './weft.js';

export interface Query {
  readonly path: string;
  /** The cell in the body that was read. */
  readonly text: string;
  readonly switchId: string;
  readonly metric: string;
}

/** `count` cells, the same ones in every run, all over the table. */
export function queriesOf(csv: CsvTable, count: number): Query[] {
  const keys = keysOf(csv);
  const columns = fieldColumns(csv);
  return Array.from({ length: count }, (_, i) => {
    // Two strides without a common factor with the sizes in use reach every corner.
    const row = (i * 7919) % keys.length;
    const column = columns[(i * 31) % columns.length]!;
    const [switchId, metric] = [keys[row]!, csv.header[column]!];
    const query = `switch_id=${encodeURIComponent(switchId)}&metric=${encodeURIComponent(metric)}`;
    return { path: `/telemetry/GetMetric?${query}`, text: csv.rows[row]![column]!, switchId, metric };
  });
}

/** `"value":` as it stands in the body: JSON.parse would round large integers. */
export function valueIn(body: string): { token: string | null; isText: boolean } {
  const match = /"value":(null|"(?:[^"\\]|\\.)*"|[^,}]+)/.exec(body);
  if (!match) throw new Error(`an answer without a value: ${body.slice(0, 300)}`);
  const token = match[1]!;
  if (token === 'null') return { token: null, isText: false };
  return token.startsWith('"')
    ? { token: JSON.parse(token) as string, isText: true }
    : { token, isText: false };
}

/**
 * Asks for each cell once. Throws at the first answer that is not what its CSV text says. False
 * when the daemon has moved on to another snapshot than that of `snapshotTs` meanwhile.
 */
export async function checkAnswers(
  weft: Pick<Program, 'url'>,
  queries: readonly Query[],
  snapshotTs: string | null,
): Promise<boolean> {
  for (const { path, text, switchId, metric } of queries) {
    const { status, headers, body } = await fetchOnce(weft.url + path);
    if (status !== 200) throw new Error(`${path} is answered ${status}: ${body.toString()}`);
    if (snapshotTs !== null && headers['X-Snapshot-Ts'] !== snapshotTs) return false;
    const { token, isText } = valueIn(body.toString());
    if (!isServedAs(text, token, isText)) {
      throw new Error(`${switchId} ${metric}: '${text}' is served as ${token}`);
    }
  }
  return true;
}
