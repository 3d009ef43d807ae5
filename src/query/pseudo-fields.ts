/** Fields of a row that are no columns of the table. */
export const AGE_FIELD = '@age_ms';
export const SOURCE_FIELD = '@source';
export const TIMESTAMP_FIELD = '@timestamp';
