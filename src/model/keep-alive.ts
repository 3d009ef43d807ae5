/** Timers of Clock do not keep the process alive; whoever must see one fire holds the event loop. */

/** Keeps the process alive until the returned function is called. Calling it twice does nothing. */
export function holdEventLoop(): () => void {
  const { port1 } = new MessageChannel();
  port1.ref();
  return () => port1.close();
}
