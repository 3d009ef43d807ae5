/** What holds for one thread holds for two: the tests of the dialects and of pushes over reader threads. */
import { launchWith } from '../fixtures/weft-process.js';

launchWith({ READERS: 2 });

await import('./dialects.test.js');
await import('./push.test.js');
await import('./live.test.js');
