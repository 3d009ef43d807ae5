/**
 * Errors as the earlier systems told them: their statuses and their `detail`. The plain system's
 * four texts are in errors.ts; what is not named here is told in weft's own words.
 */
import type { Dialect } from '../config/config.js';
import { WeftError } from '../model/errors.js';
import { PAGE_LIMIT_MAX } from '../model/limits.js';
import { QueryParams } from '../query/params.js';
import { DialectError } from './errors.js';

/** What the words need to know of the request. */
export interface FailedRequest {
  readonly kind: 'metric' | 'list';
  readonly query: string;
  /** Open path segments, still encoded. */
  readonly segments: readonly string[];
  /** Names of the columns that exist now. */
  readonly metrics: readonly string[];
}

/** One entry of the `detail` list that these systems' framework made of a bad parameter. */
interface Fault {
  readonly type: string;
  readonly loc: readonly string[];
  readonly msg: string;
  readonly input: string | null;
  readonly ctx?: Readonly<Record<string, unknown>>;
}

const UNPROCESSABLE = 422;
const INTEGER = /^[+-]?\d+$/;

/** `error` as `dialect` tells it. Anything but a WeftError passes through. */
export function dialectError(error: unknown, dialect: Dialect, request: FailedRequest): unknown {
  if (!(error instanceof WeftError) || error instanceof DialectError) return error;
  switch (dialect) {
    case 'page':
      return pageError(error, request);
    case 'map':
      return mapError(error, request);
    case 'envelope':
      return error.code === 'missing_parameter' ? missing(error, request, 'switch_id') : error;
    case 'plain':
      return error;
  }
}

function mapError(error: WeftError, request: FailedRequest): WeftError {
  switch (error.code) {
    case 'missing_parameter':
      return missing(error, request, 'switch');
    case 'unknown_switch':
    case 'no_data':
      return new DialectError(error, 404, 'switch not found');
    case 'unknown_metric':
      return new DialectError(error, 404, 'metric not found');
    default:
      return error;
  }
}

function pageError(error: WeftError, request: FailedRequest): WeftError {
  switch (error.code) {
    case 'unknown_switch':
    case 'no_data':
      return new DialectError(error, 404, 'Resource not found.');
    case 'unknown_metric':
      return new DialectError(error, UNPROCESSABLE, [unknownMetric(request)]);
    case 'bad_value':
    case 'out_of_range': {
      const faults = pageNumberFaults(request.query);
      return faults.length === 0 ? error : new DialectError(error, UNPROCESSABLE, faults);
    }
    default:
      return error;
  }
}

/** Both required parameters, whichever are not there. */
function missing(error: WeftError, request: FailedRequest, idName: string): WeftError {
  const params = readable(request.query, ['switch_id', 'metric']);
  const names = [
    ['switch_id', idName],
    ['metric', 'metric'],
  ] as const;
  const faults = names
    .filter(([name]) => !params?.get(name))
    .map(([, told]): Fault => ({
      type: 'missing',
      loc: ['query', told],
      msg: 'Field required',
      input: null,
    }));
  return new DialectError(error, UNPROCESSABLE, faults);
}

function unknownMetric({ segments, metrics }: FailedRequest): Fault {
  const quoted = metrics.map((name) => `'${name}'`);
  const last = quoted.pop() ?? "''";
  const expected = quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`;
  const msg = `Input should be ${expected}`;
  const input = decoded(segments[0] ?? '');
  return { type: 'enum', loc: ['path', 'metric_name'], msg, input, ctx: { expected } };
}

function pageNumberFaults(query: string): Fault[] {
  const params = readable(query, ['limit', 'offset']);
  const bounds = [
    ['limit', 1, PAGE_LIMIT_MAX],
    ['offset', 0, Infinity],
  ] as const;
  return bounds.flatMap(([name, min, max]) => numberFault(name, params?.get(name), min, max) ?? []);
}

function numberFault(name: string, input: string | undefined, min: number, max: number): Fault | undefined {
  if (input === undefined) return undefined;
  const loc = ['query', name];
  if (!INTEGER.test(input)) {
    const msg = 'Input should be a valid integer, unable to parse string as an integer';
    return { type: 'int_parsing', loc, msg, input };
  }
  if (Number(input) < min) {
    const msg = `Input should be greater than or equal to ${min}`;
    return { type: 'greater_than_equal', loc, msg, input, ctx: { ge: min } };
  }
  if (Number(input) > max) {
    const msg = `Input should be less than or equal to ${max}`;
    return { type: 'less_than_equal', loc, msg, input, ctx: { le: max } };
  }
  return undefined;
}

/** The named parameters, or undefined when the query cannot be read at all. */
function readable(query: string, names: readonly string[]): QueryParams | undefined {
  try {
    return new QueryParams(query, { names, ignoreUnknown: true });
  } catch {
    return undefined;
  }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
