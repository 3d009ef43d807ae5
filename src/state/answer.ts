/** The state thread's work: one request, one reply. */
import { bodyBytes } from '../snapshot/arena.js';
import { prepareDir, readBody, readMeta, setAside, writeState } from './files.js';
import { StateFault } from './format.js';
import type { StateReply, StateRequest } from './messages.js';

/** Never throws: what the disk says is an answer. */
export function answer(dir: string, request: StateRequest): StateReply {
  try {
    return work(dir, request);
  } catch (error) {
    if (!(error instanceof StateFault)) return { kind: 'failed', reason: (error as Error).message };
    return { kind: 'bad', reason: `it ${error.message}`, aside: aside(dir, request) };
  }
}

function work(dir: string, request: StateRequest): StateReply {
  switch (request.op) {
    case 'idle':
      return { kind: 'done' };
    case 'prepare':
      prepareDir(dir);
      return { kind: 'done' };
    case 'write':
      writeState(dir, request.meta, bodyBytes(request.body));
      return { kind: 'done' };
    case 'find': {
      const meta = readMeta(dir, request.sourceId, request.bodyBytesMax);
      return meta === null ? { kind: 'none' } : { kind: 'found', meta };
    }
    case 'load':
      readBody(dir, request.meta, bodyBytes(request.body));
      return { kind: 'done' };
  }
}

function aside(dir: string, request: StateRequest): string | null {
  try {
    if (request.op === 'find') return setAside(dir, request.sourceId, request.nowMs);
    return request.op === 'load' ? setAside(dir, request.meta.source, request.nowMs) : null;
  } catch {
    return null;
  }
}
