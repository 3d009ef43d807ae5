/** The keys of a source that say how its bodies are read. */

import { DEFAULT_PARSE_POLICY, type ParsePolicy } from '../model/parse-policy.js';
import type { SourceEntry } from './source-keys.js';

/** What an entry says, and the defaults where it says nothing. */
export function parsePolicy(entry: SourceEntry): ParsePolicy {
  const all = DEFAULT_PARSE_POLICY;
  const { key } = entry;
  return {
    key: key === undefined || key === 'xdr' || key.length === 0 ? all.key : key,
    xdrKey: key === 'xdr',
    guidKeys: entry.guid_keys ?? all.guidKeys,
    rename: entry.rename ?? all.rename,
    drop: entry.drop ?? all.drop,
    alias: entry.alias ?? all.alias,
    time: entry.time ?? all.time,
    text: entry.text ?? all.text,
    missing: entry.missing ?? all.missing,
    units: entry.units ?? all.units,
    ragged: entry.ragged ?? all.ragged,
    duplicateRows: entry.duplicate_rows ?? all.duplicateRows,
    duplicateColumns: entry.duplicate_columns ?? all.duplicateColumns,
    schemaChange: entry.schema_change ?? all.schemaChange,
    requireFinalNewline: entry.require_final_newline ?? all.requireFinalNewline,
    allowEmpty: entry.allow_empty ?? all.allowEmpty,
    delimiter: entry.delimiter ?? all.delimiter,
  };
}
