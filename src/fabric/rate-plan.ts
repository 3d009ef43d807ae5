/** Which columns of a source are counters, which are gauges, and whether their samples are kept. */
import { matchesGlob } from '../model/glob.js';
import { ROLE_COUNTER, ROLE_GAUGE, ROLE_NONE, type RatePlan, type RatePolicy } from '../model/rates.js';
import type { ColumnSpec } from '../model/schema.js';
import type { SegmentSpec } from '../snapshot/layout.js';
import { previousBytes } from '../snapshot/previous-layout.js';

/**
 * Words in the name of a whole-number column that make it a gauge: a measurement, a state, a
 * setting or a number of something. Names fall into words at `_`, other punctuation, and where
 * capitals begin: Module_Temperature, PortVLXmitWait, logical_state. docs/rates.md lists them.
 */
const GAUGE_WORDS: readonly string[] = [
  ...['temp', 'temperature', 'voltage', 'power', 'bias', 'snr', 'rpm', 'ber'],
  ...['state', 'status', 'opcode', 'code', 'mode', 'type', 'blame', 'fec', 'active', 'enabled'],
  ...['speed', 'width', 'bandwidth', 'mbps', 'gbps', 'bps', 'rate', 'mtu', 'cbw'],
  ...['pct', 'percent', 'percentage', 'util', 'utilization', 'ratio', 'load', 'usage', 'normalized', 'per'],
  ...['latency', 'delay', 'jitter', 'depth', 'occupancy', 'level', 'margin', 'length', 'age'],
  ...['lid', 'id', 'num', 'number', 'index', 'port', 'aport', 'version', 'technology', 'identifier'],
  ...['since', 'time', 'uptime', 'timestamp'],
];

const gaugeWords = new Set(GAUGE_WORDS);

/** `PortXmitWait` to port, xmit, wait. */
function wordsOf(name: string): string[] {
  const spaced = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2');
  return spaced.toLowerCase().split(/[^a-z]+/);
}

/** True when the name alone makes a whole-number column a gauge. */
export function isGaugeByName(name: string): boolean {
  const words = wordsOf(name);
  // PortXmitWait is of a port, port alone is the port.
  return words.some((word) => gaugeWords.has(word) && (word !== 'port' || words.length === 1));
}

/** Admits the names that one of the patterns is: `*` any characters, `?` one; case does not matter. */
function nameMatcher(patterns: readonly string[]): (name: string) => boolean {
  const globs = patterns.map((pattern) => pattern.toLowerCase());
  return (name) => {
    const lower = name.toLowerCase();
    return globs.some((glob) => matchesGlob(lower, glob));
  };
}

/** ROLE_* of each column. */
export function rolesOf(columns: readonly ColumnSpec[], policy: RatePolicy): number[] {
  const isTracked = nameMatcher(policy.columns);
  const isGauge = nameMatcher(policy.gauges);
  const isCounter = nameMatcher(policy.counters);
  return columns.map(({ name, kind }) => {
    if (kind === 'text' || !isTracked(name)) return ROLE_NONE;
    if (isGauge(name)) return ROLE_GAUGE;
    if (isCounter(name)) return ROLE_COUNTER;
    return kind === 'f64' || isGaugeByName(name) ? ROLE_GAUGE : ROLE_COUNTER;
  });
}

/** The segment with room for its previous samples, or told that they do not fit. */
export function withRates(spec: SegmentSpec, policy: RatePolicy | undefined): SegmentSpec {
  if (!policy) return spec;
  const roles = rolesOf(spec.columns, policy);
  const bytes = previousBytes(spec.columns, spec.slotCapacity, roles);
  const { bytesMax } = policy;
  const rates: RatePlan = { roles, bytesRefused: bytes > bytesMax ? bytes : 0, bytesMax };
  return { ...spec, rates };
}
