/** A child process's side of the conversation with the bench that started it. */

/** One question over the IPC channel. */
export interface Ask {
  readonly id: number;
  readonly op: string;
  readonly argument: unknown;
}

export type Reply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly message: string };

/** What a child can be asked, by name. An answer may be a promise; what it throws is told. */
export type Answers = Readonly<Record<string, (argument: never) => unknown>>;

/**
 * Answers questions until the channel closes. Then `onOrphaned` runs: a child never outlives the
 * process that started it, however that one ended.
 */
export function answerParent(answers: Answers, onOrphaned: () => void = () => process.exit(0)): void {
  process.on('message', (ask: Ask) => void reply(answers, ask));
  process.on('disconnect', onOrphaned);
}

async function reply(answers: Answers, { id, op, argument }: Ask): Promise<void> {
  const send = (message: Reply): void => void process.send?.(message);
  try {
    const answer = answers[op];
    if (!answer) throw new Error(`BUG: no answer to ${op}`);
    send({ id, ok: true, value: await answer(argument as never) });
  } catch (error) {
    send({ id, ok: false, message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}
