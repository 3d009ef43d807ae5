/** The map system kept each row's time among its metrics: `metric=timestamp` is one there. */
import type { RowAddress, Table } from '../../fabric/table.js';
import { METRIC_PARAMETERS } from '../../query/get-metric.js';
import { findRow } from '../../query/keys.js';
import { QueryParams } from '../../query/params.js';
import { DIALECT_RULES } from '../dialects.js';
import type { Exchange } from '../exchange.js';

const NAME = 'timestamp';

/** The body of such a request; undefined when it is none, or the switch is not there. */
export function mapTimestamp(exchange: Exchange, table: Table): object | undefined {
  if (exchange.target.segments.length > 0 || !exchange.query.includes(NAME)) return undefined;
  const names = [...METRIC_PARAMETERS, ...DIALECT_RULES.extra];
  const params = new QueryParams(exchange.query, { names, ignoreUnknown: true });
  const row: RowAddress = { part: 0, slot: -1 };
  const id = params.get('switch_id');
  if (params.get('metric') !== NAME || table.schema.byName.has(NAME)) return undefined;
  if (id === undefined || !findRow(table, id, row)) return undefined;
  const { reader, bank } = table.parts[row.part]!;
  const seconds = Math.floor(reader.rowTimeMs(bank, row.slot) / 1000);
  return { switch: table.keyText(row.part, row.slot), metric: NAME, value: seconds, timestamp: seconds };
}
