/** Every shape there is. A new one: a file with a View, a line here, a name in query/list-query.ts. */
import type { ListShape } from '../query/list-query.js';
import { columnsView } from './columns.js';
import { csvView } from './csv.js';
import { envelopeView } from './envelope.js';
import { mapView } from './map.js';
import { ndjsonView } from './ndjson.js';
import { pageView } from './page.js';
import { schemaView } from './schema.js';
import type { View } from './view.js';

export const VIEWS: Readonly<Record<ListShape, View>> = {
  envelope: envelopeView,
  map: mapView,
  columns: columnsView,
  page: pageView,
  csv: csvView,
  ndjson: ndjsonView,
  schema: schemaView,
};
