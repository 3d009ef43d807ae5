/** Pushes between the server and the sources that take them. Part of the composition root. */
import { WeftError } from './model/errors.js';
import type { PushDesk, PushDoor } from './model/push.js';

/** `doorOf`: undefined for an unknown source, null for one that polls. */
export function makePushDesk(doorOf: (sourceId: string) => PushDoor | null | undefined): PushDesk {
  return {
    find(sourceId) {
      const door = doorOf(sourceId);
      if (door) return door;
      const id = sourceId.slice(0, 64);
      if (door === undefined)
        throw new WeftError('not_found', `cannot take a push: there is no source '${id}'`);
      throw new WeftError(
        'not_found',
        `cannot take a push: source '${id}' is polled; push: true in the file would make it take pushes`,
      );
    },
  };
}
