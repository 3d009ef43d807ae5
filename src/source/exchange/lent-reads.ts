/**
 * Sockets whose reads leave nothing to the garbage collector. Node allocates 64 KiB for each read: for
 * a body of 45 MB that is 700 buffers, and collections of several milliseconds on the main thread. Here
 * all sockets are read into one buffer, and what was read is lent to the stream when its reader takes it
 * at once (and keeps no part of it), else copied. A socket is read once in a turn of the loop.
 */
import { connect, type Socket, type TcpNetConnectOpts, type IpcNetConnectOpts } from 'node:net';
import { Duplex } from 'node:stream';

/** Copied in a tenth of a millisecond: other connections wait no longer for a body. */
const READ_BYTES = 256 * 1024;

let shared: Uint8Array | null = null;
/** The socket whose stream holds a view of `shared`, until it has been read. */
let borrower: Socket | null = null;

/** `takesAtOnce`: whether bytes that arrive now are read in this turn, and nobody keeps them. */
export function connectLending(
  to: TcpNetConnectOpts | IpcNetConnectOpts,
  takesAtOnce: () => boolean,
): Socket {
  shared ??= new Uint8Array(new ArrayBuffer(READ_BYTES));
  let hasRead = false;
  const callback = (count: number, bytes: Uint8Array): boolean => {
    checkBorrower();
    hasRead = true;
    const view = bytes.subarray(0, count);
    const lends = takesAtOnce() && socket.readableLength === 0;
    borrower = lends ? socket : null;
    socket.push(lends ? view : Buffer.from(view));
    // Stopped until it is read: the reader asks for more then.
    return false;
  };
  const socket = connect({ ...to, onread: { buffer: shared, callback } });
  const { _read: readOn, unshift } = socket;
  // The socket's own one begins the next read at once, and there may be dozens in one turn.
  socket.read = (size?: number): unknown => Duplex.prototype.read.call(socket, size);
  socket._read = (size: number): void => {
    if (!hasRead) return readOn.call(socket, size);
    setImmediate(() => {
      hasRead = false;
      if (!socket.destroyed) readOn.call(socket, size);
    });
  };
  // A reader that stops in the middle gives the rest back.
  socket.unshift = (rest: Uint8Array, encoding?: BufferEncoding): void => {
    if (borrower === socket) borrower = null;
    unshift.call(socket, Buffer.from(rest), encoding);
  };
  return socket;
}

/** Never seen; but were a view not read before the next bytes overwrite it, the body would be wrong. */
function checkBorrower(): void {
  if (borrower !== null && borrower.readableLength > 0) {
    borrower.destroy(new Error('BUG: a read was overwritten before it was taken'));
  }
  borrower = null;
}
