/** H: what a client of HTTP can do. */
import { met, open, type FaultSection } from './row.js';

const IN_PROCESS = 'tested against the server in its own process only: ';

export const HTTP_ROWS: FaultSection = {
  rows: [
    open('H-01', '★ a handler that throws', `${IN_PROCESS}test/unit/server/faults.test.ts`),
    open('H-02', '★ clients that leave in the middle', `${IN_PROCESS}test/unit/server/faults.test.ts`),
    open('H-03', '★ idle connections without end', `${IN_PROCESS}test/unit/server/connections.test.ts`),
    open('H-04', '★ a flood with few file descriptors', 'not written yet'),
    open('H-05', '★ requests that never become whole', 'not written yet'),
    open('H-06', '★ many large answers for a client that does not read', 'not written yet'),
    open('H-07', '★ a reader that stops in a large list', 'not written yet'),
    open('H-08', '★ headers and URLs above their limits', 'not written yet'),
    open('H-09', '★ request bodies above their limit', 'not written yet'),
    open('H-10', '★ framing that hides a second request', `${IN_PROCESS}test/unit/server/framing.test.ts`),
    open('H-11', '★ no Host, two, or an empty one', 'not written yet'),
    met('H-12', '★ HEAD is GET without a body', 'daemon/http.test.ts'),
    open('H-13', '★ methods that a path does not have', 'TRACE and unknown methods are not sent yet'),
    open('H-14', '★ paths that look like others', 'not written yet'),
    open('H-15', '★ broken percent encodings', `${IN_PROCESS}test/unit/server/encoding.test.ts`),
    open('H-16', '★ what is encoded twice is decoded once', 'not written yet'),
    open('H-17', '★ parameters twice, unknown or out of range', 'not written yet'),
    open('H-18', '★ line breaks in what is sent back', `${IN_PROCESS}test/unit/server/encoding.test.ts`),
    open('H-19', 'what is no HTTP/1.1', `${IN_PROCESS}test/unit/server/framing.test.ts`),
    open('H-20', 'JSON that is broken, deep or odd', 'not written yet'),
    open('H-21', 'cursors that are forged or gone', `${IN_PROCESS}test/unit/server/cursors.test.ts`),
    open('H-22', 'fast and slow requests in one pipeline', `${IN_PROCESS}test/unit/server/faults.test.ts`),
    open('H-23', 'twice the load that can be served', 'not written yet'),
  ],
  open: 22,
};
