/** weft's own counters as Prometheus text: GET /metrics. No label value comes from a request. */

import { OUTCOMES } from '../model/outcome.js';
import { PROCESS_COUNTERS, SOURCE_COUNTERS, namesOf } from './counters.js';
import type { SourceStateView, StatsView } from './document.js';
import { MetricsPage, histogramSamples, type Sample, type ScrapedFamily } from './scraped-family.js';
import type { SourceStats } from './source-stats.js';
import type { Stats } from './stats.js';

const MS_PER_S = 1000;

/** The page of this process. Make it once, after everything was exposed. */
export function metricsPage(stats: Stats, view: StatsView): MetricsPage {
  return new MetricsPage([
    ...processFamilies(stats, view),
    ...httpFamilies(stats),
    ...sourceFamilies(stats),
    ...sourceStateFamilies(stats, view),
    ...liveFamilies(stats),
    ...stats.exposed.map(({ name, help, kind, value }) => single(kind, name, help, value)),
  ]);
}

function single(type: 'counter' | 'gauge', name: string, help: string, value: () => number): ScrapedFamily {
  return { name, help, type, samples: () => [{ value: value() }] };
}

function processFamilies(stats: Stats, view: StatsView): readonly ScrapedFamily[] {
  return [
    {
      name: 'weft_info',
      help: 'Always 1; the version is a label.',
      type: 'gauge',
      samples: () => [{ value: 1, labels: { version: stats.version } }],
    },
    single('gauge', 'weft_uptime_seconds', 'Time since start.', () => stats.uptimeMs / MS_PER_S),
    single('gauge', 'weft_shared_memory_bytes', 'Shared buffers, in use or free.', () => view.sharedBytes()),
    single('gauge', 'process_resident_memory_bytes', 'Resident memory of all threads.', () =>
      process.memoryUsage.rss(),
    ),
    single('counter', 'process_cpu_seconds_total', 'User and system time of all threads.', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    }),
    single(
      'gauge',
      'process_start_time_seconds',
      'Start, in seconds since 1970.',
      () => stats.startMs / MS_PER_S,
    ),
    {
      name: 'weft_loop_delay_seconds',
      help: 'How late the event loop was since start; quantile 1 is the greatest delay.',
      type: 'gauge',
      samples: () => {
        const { p50, p99, max } = stats.loopDelay.summary();
        return [
          { value: seconds(p50), labels: { quantile: '0.5' } },
          { value: seconds(p99), labels: { quantile: '0.99' } },
          { value: seconds(max), labels: { quantile: '1' } },
        ];
      },
    },
    ...namesOf(PROCESS_COUNTERS).map((name) =>
      single('counter', `weft_${name}_total`, PROCESS_COUNTERS[name], () => stats.counters.get(name)),
    ),
  ];
}

function httpFamilies(stats: Stats): readonly ScrapedFamily[] {
  return [
    {
      name: 'weft_request_duration_seconds',
      help: 'Service time of requests, from the handler to the finished answer.',
      type: 'histogram',
      samples: () => [...stats.endpoints].flatMap(([endpoint, one]) => histogramSamples(one, { endpoint })),
    },
    {
      name: 'weft_responses_total',
      help: 'Answers by class of status.',
      type: 'counter',
      samples: () =>
        stats.responses.entries().map(([statusClass, value]) => ({ value, labels: { class: statusClass } })),
    },
  ];
}

function sourceFamilies(stats: Stats): readonly ScrapedFamily[] {
  const perSource = (read: (source: SourceStats) => number) => (): readonly Sample[] =>
    stats.sources.map((source) => ({ value: read(source), labels: { source: source.id } }));
  const histogram = (part: 'fetch' | 'parse' | 'publish', help: string): ScrapedFamily => ({
    name: `weft_source_${part}_seconds`,
    help,
    type: 'histogram',
    samples: () =>
      stats.sources.flatMap((source) => histogramSamples(source[`${part}Ms`], { source: source.id })),
  });
  return [
    {
      name: 'weft_source_up',
      help: '1 when the last exchange with the source was good, else 0.',
      type: 'gauge',
      samples: perSource(({ isUp }) => (isUp ? 1 : 0)),
    },
    {
      name: 'weft_polls_total',
      help: 'Polls and pushes by how they ended.',
      type: 'counter',
      samples: () =>
        stats.sources.flatMap((source) =>
          OUTCOMES.map((result) => ({ value: source.polls(result), labels: { source: source.id, result } })),
        ),
    },
    {
      name: 'weft_source_failures_in_a_row',
      help: 'Failed exchanges since the last good one.',
      type: 'gauge',
      samples: perSource(({ failures }) => failures),
    },
    ...namesOf(SOURCE_COUNTERS).map((name) => ({
      name: `weft_source_${name}_total`,
      help: SOURCE_COUNTERS[name],
      type: 'counter' as const,
      samples: perSource(({ counters }) => counters.get(name)),
    })),
    {
      name: 'weft_source_string_table_bytes',
      help: 'Distinct text held for the source.',
      type: 'gauge',
      samples: perSource(({ stringBytes }) => stringBytes),
    },
    {
      name: 'weft_source_string_table_capacity_bytes',
      help: 'Distinct text that fits before a new generation is made.',
      type: 'gauge',
      samples: perSource(({ stringBytesMax }) => stringBytesMax),
    },
    histogram('fetch', 'From the start of an exchange to its last byte.'),
    histogram('parse', 'Time of one body in a worker.'),
    histogram('publish', 'From body received to published.'),
  ];
}

/** Gauges of what is served now; absent for a source that has nothing to say yet. */
function sourceStateFamilies(stats: Stats, view: StatsView): readonly ScrapedFamily[] {
  const gauge = (name: string, help: string, read: (state: SourceStateView) => number): ScrapedFamily => ({
    name: `weft_source_${name}`,
    help,
    type: 'gauge',
    samples: () =>
      stats.sources.flatMap(({ id }) => {
        const state = view.source(id);
        return state === undefined ? [] : [{ value: read(state), labels: { source: id } }];
      }),
  });
  return [
    gauge('version', 'Publishes of the source.', ({ version }) => version),
    gauge('generation', 'Generation of the segment that is served.', ({ generation }) => generation),
    gauge('rows', 'Rows served.', ({ rows }) => rows),
    gauge('rows_missing', 'Rows that it reported before and does not now.', ({ goneRows }) => goneRows ?? 0),
    gauge('columns', 'Columns served.', ({ columns }) => columns.length),
    gauge('age_seconds', 'Age of the data served.', ({ ageMs }) => seconds(ageMs)),
    gauge('skew_seconds', "The upstream's clock minus ours.", ({ skewMs }) => seconds(skewMs)),
  ];
}

function liveFamilies({ live }: Stats): readonly ScrapedFamily[] {
  return [
    single('gauge', 'weft_live_subscribers', 'Live connections.', () => live.subscribers),
    single('counter', 'weft_live_frames_sent_total', 'Data frames sent.', () => live.framesSent),
    single(
      'counter',
      'weft_live_conflated_total',
      'Publishes merged into a later diff.',
      () => live.conflated,
    ),
    single('counter', 'weft_live_resyncs_total', 'Snapshots sent in place of a diff.', () => live.resyncs),
  ];
}

/** NaN for what is not known: such a sample is left out. */
function seconds(ms: number | null): number {
  return ms === null ? NaN : ms / MS_PER_S;
}
