/**
 * Every bound of weft that is not an option, and the relations between them, asserted when the
 * module loads. Options (config/) may only tighten what stands here.
 */
const KIB = 1024;
const MIB = 1024 * KIB;

/** Largest body that shared-memory offsets (signed 32 bit) can address. */
export const BODY_BYTES_LIMIT = 2 ** 31 - 1;

/** Columns of one source; a header beyond this is refused as `schema`. */
export const COLUMNS_MAX = 4096;
/** Bytes of one column name. */
export const COLUMN_NAME_BYTES_MAX = 512;
/** Bytes of one row key (all key cells and the colons between them). */
export const KEY_BYTES_MAX = 1024;
/** Bytes of one text cell; longer ones are rejected cells. */
export const TEXT_BYTES_MAX = 64 * KIB;
/** Bytes of one record: an unclosed quote fails here and not at the end of the body. */
export const RECORD_BYTES_MAX = MIB;
/** Rows of one source. */
export const ROWS_MAX = 4_000_000;
/** Bytes of distinct text one source may hold; beyond it a body is refused as `cardinality`. */
export const STRING_BYTES_MAX = 512 * MIB;
/** Bytes of one segment; indices into it are signed 32-bit words. */
export const SEGMENT_BYTES_MAX = 8 * 1024 * MIB - 8;

/** Versions that `since` can name. */
export const SINCE_VERSIONS = 64;
/** Fabric versions that are remembered: with many sources, each one's ring still decides. */
export const FABRIC_LOG_VERSIONS = SINCE_VERSIONS * 16;
/** Change bitmaps: entries of single versions, and of older ones in groups (snapshot/change-ring.ts). */
export const CHANGE_FINE = 9;
export const CHANGE_GROUPS = 8;
export const CHANGE_GROUP_VERSIONS = 8;
/** Versions whose numbers of changes are kept: a group reaches further back than what is asked for. */
export const CHANGE_COUNTS = 80;

/** Requested columns, row patterns and query bytes of one request or subscription. */
export const SELECTOR_ITEMS_MAX = 10_000;
export const QUERY_BYTES_MAX = 16 * KIB;

/** Above this many changed cells a diff is encoded in a worker. */
export const DIFF_CELLS_INLINE_MAX = 2_000;
/** Above this many cells a list body is encoded in a worker. */
export const LIST_CELLS_INLINE_MAX = 2_000;
/** A frame is cut at rows into parts of about this size. */
export const FRAME_PART_BYTES = 256 * KIB;
/** Bytes of a bulk response handed to one socket in one turn of the loop. */
export const WRITE_SLICE_BYTES = 256 * KIB;

/** Names that an unknown-metric message lists. */
export const AVAILABLE_NAMES_MAX = 50;

/** Page shape (docs/endpoints.md). */
export const PAGE_LIMIT_MAX = 100;
export const PAGE_LIMIT_DEFAULT = 10;

if (KEY_BYTES_MAX > RECORD_BYTES_MAX) throw new Error('BUG: a key must fit in a record');

/** Free shared buffers that are kept for reuse; past it they are dropped and workers recycled. */
export const FREE_BYTES_MAX = 1024 * MIB;
/** Silence after which a live subscription is told that nothing changed. */
export const HEARTBEAT_MS = 15_000;

/** One row filter (`where`): characters, comparisons, and values of one in-list. */
export const WHERE_CHARACTERS_MAX = 8192;
export const WHERE_CLAUSES_MAX = 32;
export const WHERE_VALUES_MAX = 1000;
/** Characters of one glob pattern: matching costs at most text times pattern. */
export const GLOB_CHARACTERS_MAX = 256;
/** Keys of one `sort`. */
export const SORT_KEYS_MAX = 8;

/** Rows of redundant sources are held at least so long, whatever max_stale_ms says. */
export const HELD_MS_MIN = 60_000;

/** Of what others may have under way, or wait for: how much more is left to important clients. */
export const IMPORTANT_BYTES_FACTOR = 1.25;
export const IMPORTANT_DELAY_FACTOR = 4;
