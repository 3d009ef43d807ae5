/** Fields of a row that are no columns of the table. */
export const AGE_FIELD = '@age_ms';
export const SOURCE_FIELD = '@source';
export const TIMESTAMP_FIELD = '@timestamp';
/** From a row's previous sample to its own; only with a view. */
export const INTERVAL_FIELD = '@interval_ms';
