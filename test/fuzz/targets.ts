/** All that is fuzzed. */
import { headerTarget } from './header-target.js';
import { ndjsonTarget } from './ndjson-target.js';
import { queryTarget } from './query-target.js';
import { scannerTarget } from './scanner-target.js';
import { stateTarget } from './state-target.js';
import { subscriptionTarget } from './subscription-target.js';
import type { FuzzTarget } from './target.js';

export const TARGETS: readonly FuzzTarget[] = [
  scannerTarget,
  headerTarget,
  ndjsonTarget,
  queryTarget,
  subscriptionTarget,
  stateTarget,
];
