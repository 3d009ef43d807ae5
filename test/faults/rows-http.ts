/** H: what a client of HTTP can do. */
import { met, type FaultSection } from './row.js';

export const HTTP_ROWS: FaultSection = {
  rows: [
    met('H-01', '★ a handler that throws', 'faults/h-handlers.test.ts'),
    met('H-02', '★ clients that leave in the middle', 'faults/h-handlers.test.ts'),
    met('H-03', '★ idle connections without end', 'faults/h-flood.test.ts'),
    met('H-04', '★ a flood with few file descriptors', 'faults/h-flood.test.ts'),
    met('H-05', '★ requests that never become whole', 'faults/h-slow.test.ts'),
    met('H-06', '★ many large answers for a client that does not read', 'faults/h-slow.test.ts'),
    met('H-07', '★ a reader that stops in a large list', 'faults/h-slow.test.ts'),
    met('H-08', '★ headers and URLs above their limits', 'faults/h-limits.test.ts'),
    met('H-09', '★ request bodies above their limit', 'faults/h-limits.test.ts'),
    met('H-10', '★ framing that hides a second request', 'faults/h-framing.test.ts'),
    met('H-11', '★ no Host, two, or an empty one', 'faults/h-framing.test.ts'),
    met('H-12', '★ HEAD is GET without a body', 'daemon/http.test.ts'),
    met('H-13', '★ methods that a path does not have', 'faults/h-paths.test.ts'),
    met('H-14', '★ paths that look like others', 'faults/h-paths.test.ts'),
    met('H-15', '★ broken percent encodings', 'faults/h-paths.test.ts'),
    met('H-16', '★ what is encoded twice is decoded once', 'faults/h-paths.test.ts'),
    met('H-17', '★ parameters twice, unknown or out of range', 'faults/h-parameters.test.ts'),
    met('H-18', '★ line breaks in what is sent back', 'faults/h-parameters.test.ts'),
    met('H-19', 'what is no HTTP/1.1', 'faults/h-framing.test.ts'),
    met('H-20', 'JSON that is broken, deep or odd', 'faults/h-json.test.ts'),
    met('H-21', 'cursors that are forged or gone', 'faults/h-parameters.test.ts'),
    met('H-22', 'fast and slow requests in one pipeline', 'faults/h-handlers.test.ts'),
    met('H-23', 'twice the load that can be served', 'faults/h-load.test.ts', 'faults/h-shed.test.ts'),
  ],
  open: 0,
};
