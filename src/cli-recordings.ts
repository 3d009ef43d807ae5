/** `weft record` and `weft replay` as parts of the process: what they start, say and print. */
import type { Config } from './config/config.js';
import type { Logger } from './model/log.js';
import { polledSources, startRecording, type RecordParts } from './record.js';
import { startReplay } from './recording/replay-server.js';
import { readTimeline } from './recording/timeline.js';

/** The longest time that a timer can wait. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export interface Part {
  stop(): Promise<void>;
}

/** How a part that ends by itself ends the process. */
export interface Endings {
  /** Gracefully, with exit code 0. */
  readonly finish: (reason: string) => void;
  readonly giveUp: (error: unknown) => void;
}

/** Polls until it is stopped, or its time or room is over; then prints what it kept. */
export async function runRecord(config: Config, parts: RecordParts, endings: Endings): Promise<Part> {
  const recording = await startRecording(config, parts);
  const sources = polledSources(config).map(({ id, url }) => ({ id, url: parts.redactor.text(url) }));
  parts.log.info('startup', { part: 'record', folder: config.recordOut, sources });
  recording.ended.then(endings.finish, async (error: Error) => {
    await recording.stop();
    parts.log.error('record.failed', { folder: config.recordOut, ...recording.kept }, error.message);
    endings.giveUp(error);
  });
  return {
    async stop() {
      const { answers, bodies, bytes } = await recording.stop();
      parts.log.info('record.done', { folder: config.recordOut, answers, bodies, bytes });
      const text = `kept ${answers} answers, ${bodies} different bodies, ${bytes} bytes`;
      process.stdout.write(`weft: ${text} in ${config.recordOut}\n`);
    },
  };
}

/** Reads the index, names what is damaged, and listens. */
export async function runReplay(config: Config, { clock, log }: RecordParts): Promise<Part> {
  const damaged = (line: number, why: string): void =>
    log.warn('replay.damaged', { line }, `line ${line}: ${why}`);
  const timeline = await readTimeline(
    { folder: config.replayDir!, source: config.replaySource, skipFailures: config.replaySkipFailures },
    damaged,
  );
  const { generatorHost: host, generatorPort: port, replaySpeed: speed, replayLoop: loop } = config;
  const options = { host, port, speed, loop, times: config.replayTimes };
  const replay = await startReplay(timeline, options, { clock, log });
  const sources = [...timeline.sources].map(([id, answers]) => ({
    id,
    url: `${replay.url}/${encodeURIComponent(id)}`,
    answers: answers.length,
  }));
  const spanMs = timeline.endMs - timeline.startMs;
  log.info('startup', { part: 'replay', url: replay.url, speed, loop, span_ms: spanMs, sources });
  const end = speed === 'max' || loop ? null : announceEnd(spanMs / speed, clock, log);
  return {
    async stop() {
      end?.cancel();
      await replay.close();
    },
  };
}

function announceEnd(afterMs: number, clock: RecordParts['clock'], log: Logger): { cancel(): void } | null {
  if (afterMs > TIMER_MS_MAX) return null;
  return clock.schedule(afterMs, () => {
    log.info('replay.end', {}, 'the recording is over: the last answer stays (--loop begins again)');
  });
}
