import { Problem } from './problem-details.js';

/** What a name may look like to be repeated: a token in its place may not. */
const TOLD_NAME = /^[A-Za-z_]{1,32}$/;

/** What is wrong, as the validation of parameters and of bodies says it. */
export interface ParameterIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
  /** Names that are unknown; whoever sent the request chose them. */
  readonly keys?: readonly string[] | undefined;
}

/** Where what is wrong stands, for when its name is not told. */
export interface ParameterPlace {
  readonly place: string;
  /** What is said of an unknown name there. */
  readonly unknown: string;
}

/** A wrong parameter, named and never repeated: what was typed may be a secret in the wrong place. */
export function parameterProblem(parameter: string, why: string): Problem {
  return new Problem({
    status: 400,
    title: 'Bad Request',
    detail: `${parameter} ${why}`,
    parameter,
  });
}

/** The first of what is wrong, by its name when that cannot be a secret; no value is repeated. */
export function problemOfIssue(
  issue: ParameterIssue | undefined,
  { place, unknown }: ParameterPlace,
): Problem {
  const { path = [], keys = [], message = 'is wrong' } = issue ?? {};
  const names = [...path.map(nameOf), ...keys.slice(0, 1)];
  const isTold = names.length > 0 && names.every((name) => TOLD_NAME.test(name));
  if (isTold) return parameterProblem(names.join('.'), message);
  return parameterProblem(place, keys.length > 0 ? unknown : message);
}

function nameOf(segment: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof segment === 'object' ? segment.key : segment);
}
