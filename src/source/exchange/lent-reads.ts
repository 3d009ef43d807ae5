/**
 * Sockets whose reads leave nothing to the garbage collector. Node allocates 64 KiB for each read: for
 * a body of 45 MB that is 700 buffers, and collections of several milliseconds on the main thread. Here
 * all sockets are read into one buffer, and what was read is lent to the stream when its reader takes it
 * at once (and keeps no part of it), else copied.
 */
import { connect, type Socket, type TcpNetConnectOpts, type IpcNetConnectOpts } from 'node:net';

/** As much as a reader takes in one turn of the loop. */
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
  const callback = (count: number, bytes: Uint8Array): boolean => {
    checkBorrower();
    const view = bytes.subarray(0, count);
    const lends = takesAtOnce() && socket.readableLength === 0;
    borrower = lends ? socket : null;
    socket.push(lends ? view : Buffer.from(view));
    // Stopped until it is read: the reader asks for more then.
    return false;
  };
  const socket = connect({ ...to, onread: { buffer: shared, callback } });
  // A reader that stops in the middle gives the rest back.
  const { unshift } = socket;
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
