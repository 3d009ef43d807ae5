/** What the simulator says while it runs; main decides where it goes. */

/**
 * Events: `gen.tick` (tick_ms, interval_ms, skew_ms, switches, metrics_per_switch, snapshot_id),
 * `gen.inject_fault` (fault, path), `gen.error` (error), `http.access` (method, path, status,
 * latency_ms, bytes_sent, age_ms, snapshot_id; the last two only where data were concerned).
 */
export interface SimulatorLog {
  event(
    level: 'debug' | 'info' | 'warn' | 'error',
    name: string,
    fields: Readonly<Record<string, unknown>>,
  ): void;
}
