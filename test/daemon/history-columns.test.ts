/** A history of columns that nobody has is most likely a misspelling: the program says so. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../fixtures/until.js';
import { Upstream } from '../fixtures/upstream.js';
import { Started } from '../fixtures/weft-process.js';

let started: Started;
beforeEach(() => {
  started = new Started();
});
afterEach(() => started.endAll());

test('columns of the history that no source has are named once, when every source has published', async () => {
  const upstream = started.add(await Upstream.start());
  upstream.body = Buffer.from('switch_id,errors\nsw-0,1\n');
  const late = started.add(await Upstream.start());
  late.body = Buffer.from('not yet');
  const weft = await started.weft('serve', {
    env: {
      UPSTREAM_URL: `${upstream.url()},${late.url()}`,
      HISTORY_COLUMNS: 'errors,drops,erors',
      HISTORY_ROWS: 10,
      HISTORY_WINDOW: '1s',
    },
  });
  await until(
    'a good poll and a bad one',
    () => weft.events('poll.error').length > 0 && weft.events('poll.run').length > 0,
  );
  expect(weft.events('history.unknown')).toEqual([]);
  late.body = Buffer.from('switch_id,drops\nsw-9,1\n');
  await until('the warning', () => weft.events('history.unknown').length > 0);
  upstream.body = Buffer.from('switch_id,errors\nsw-0,2\n');
  const client = started.add(await weft.client());
  await until('one more publish', async () => {
    return (await client.json('/telemetry/GetMetric?switch_id=sw-0&metric=errors'))['value'] === 2;
  });
  expect(weft.events('history.unknown')).toMatchObject([{ level: 'WARN', columns: ['erors'] }]);
});
