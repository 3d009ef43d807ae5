/** A process that logs, for tests of what happens to its output. Reports on standard error. */

import { createLogger } from '../../../src/log/logger.js';
import { systemClock } from '../../../src/model/clock.js';

const log = createLogger({ level: 'info', clock: systemClock });
const mode = process.argv[2];

if (mode === 'abort') {
  log.info('before', {}, 'not flushed by anyone');
  log.fatal('crash', { code: 7 }, 'the last words');
  process.abort();
}

if (mode === 'flood') {
  // More than a pipe holds and the logger keeps, while nobody reads.
  for (let i = 0; i < 10_000; i++) log.info('flood', { i, filler: 'x'.repeat(1000) });
  const flushed = await log.flush(100);
  process.stderr.write(JSON.stringify({ flushed, dropped: log.dropped }));
  process.exit(0);
}

if (mode === 'closed') {
  process.stderr.write('ready\n');
  process.stdin.resume();
  await new Promise((resolve) => process.stdin.once('end', resolve));
  for (let turn = 0; turn < 20; turn++) {
    log.info('turn', { turn });
    process.stdout.write('printed by others\n');
    await new Promise((resolve) => setImmediate(resolve));
  }
  log.fatal('end');
  const flushed = await log.flush(1000);
  process.stderr.write(JSON.stringify({ flushed, dropped: log.dropped }));
  process.exit(0);
}

if (mode === 'full') {
  for (let turn = 0; turn < 5; turn++) {
    log.info('turn', { turn });
    await new Promise((resolve) => setImmediate(resolve));
  }
  log.fatal('end');
  const flushed = await log.flush(1000);
  process.stderr.write(JSON.stringify({ flushed, dropped: log.dropped }));
  process.exit(0);
}
