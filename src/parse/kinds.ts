/** The kinds that the columns of a table should have, from what a scan saw in them. */
import type { FieldFacts, ParseReport } from '../model/parse-job.js';
import {
  kindOf,
  SEEN_BIG,
  SEEN_FRACTION,
  SEEN_HUGE,
  SEEN_NEGATIVE,
  type ColumnKind,
  type ColumnSpec,
} from '../model/schema.js';

/** What a column must have seen to have got its kind: kinds only widen while a source lives. */
const IMPLIED: Readonly<Record<ColumnKind, number>> = {
  i64: 0,
  u64: SEEN_HUGE,
  f64: SEEN_FRACTION,
  mixed: SEEN_FRACTION | SEEN_BIG | SEEN_HUGE | SEEN_NEGATIVE,
  text: 0,
};

/**
 * The columns for what `report` found, in its order. `previous` holds the columns served so far,
 * matched by name; null for a source's first table. When the result's kinds equal those that the
 * body was read with, that reading is right; else the body is read once more with the result.
 */
export function wantedKinds(report: ParseReport, previous: readonly ColumnSpec[] | null): ColumnSpec[] {
  const before = new Map((previous ?? []).map((column) => [column.name, column.kind]));
  return report.fields.map((field) => ({
    name: field.name,
    kind: wantedKind(field, before.get(field.name)),
  }));
}

function wantedKind(field: FieldFacts, before: ColumnKind | undefined): ColumnKind {
  if (field.byName) return 'text';
  const { present, numeric } = field;
  if (present === 0 && before !== undefined) return before;
  // Text by content turns numeric only when no text is left, so that it does not flap at one half.
  if (before === 'text' && numeric < present) return 'text';
  if (before !== 'text' && (present - numeric) * 2 > present) return 'text';
  return kindOf(field.seen | IMPLIED[before ?? 'i64']);
}
