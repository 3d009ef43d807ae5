/** Header names as HeaderBlock takes them. */
import { headerLines, headerName } from './header-block.js';

export const CONTENT_LENGTH = headerName('Content-Length');
export const CONTENT_TYPE = headerName('Content-Type');
export const ETAG = headerName('ETag');
export const X_DATA_AGE_MS = headerName('X-Data-Age-Ms');
export const X_SNAPSHOT_TS = headerName('X-Snapshot-Ts');
export const X_STALE_SOURCES = headerName('X-Stale-Sources');
export const X_NEXT_CURSOR = headerName('X-Next-Cursor');
export const LINK = headerName('Link');
export const CONTENT_ENCODING = headerName('Content-Encoding');

/** A whole line. */
export const CONNECTION_CLOSE = headerLines({ Connection: 'close' });
