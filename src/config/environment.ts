/** The one place that touches the process's environment. */

export type Environment = Readonly<Record<string, string | undefined>>;

/** A copy of the environment: what changes later does not change the configuration. */
export function readEnvironment(): Environment {
  return { ...process.env };
}
