/** Exit codes of the process, as operators and their supervisors see them. */

/** Stopped as asked. */
export const EXIT_STOPPED = 0;
/** Cannot run: the port is taken, a service gave up, a second signal cut the stop short. */
export const EXIT_CANNOT_RUN = 1;
/** The configuration, or the native build, is not fit to start with (EX_CONFIG of sysexits). */
export const EXIT_CONFIG = 78;
