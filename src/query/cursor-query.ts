/** A cursor beside other parameters: those must say what its pages are of. */
import { WeftError } from '../model/errors.js';
import { readList, type ListRequest, type ListSelection } from './list-query.js';

const CURSOR = 'cursor';

/** Name and text of each parameter but the cursor; what does not decode was refused before. */
function piecesOf(rawQuery: string): Map<string, string> {
  const pieces = new Map<string, string>();
  for (const piece of rawQuery.split('&')) {
    const name = decodeURIComponent(piece.split('=', 1)[0]!.replaceAll('+', ' '));
    if (name !== '' && name !== CURSOR) pieces.set(name, piece);
  }
  return pieces;
}

/** `request` with what it leaves unsaid taken from `origin`. */
function filledIn(request: ListRequest, origin: ListRequest): ListRequest {
  const pieces = new Map([...piecesOf(origin.rawQuery), ...piecesOf(request.rawQuery)]);
  return {
    ...request,
    rawQuery: [...pieces.values()].join('&'),
    rawMetric: request.rawMetric ?? origin.rawMetric,
    accept: origin.accept,
  };
}

/**
 * Throws contradictory_parameter unless what `request` says, however spelt, is what the pages of
 * its cursor are of; `origin` is the request that began them, `selection` its meaning.
 */
export function requireSame(request: ListRequest, origin: ListRequest, selection: ListSelection): void {
  if (readList(filledIn(request, origin)).selection().key === selection.key) return;
  throw new WeftError(
    'contradictory_parameter',
    "The parameters differ from those of the cursor's first page: repeat them, or send 'cursor' alone.",
  );
}

/** The selection of `cursor=start`. Throws missing_parameter without a limit, and what parsing throws. */
export function pagedSelection(selection: ListSelection): ListSelection {
  if (selection.limit !== null) return selection;
  throw new WeftError('missing_parameter', "Missing parameter 'limit': the rows of one page of the cursor.");
}
