import { type Decision, noEvents } from '../decision.js';
import type { ClientId, Subject } from '../identifiers.js';
import type { ConsentState } from './directory.state.js';
import { SCOPE_TOKENS_MAX } from './scope.rules.js';

const RESOURCES_MAX = 32;

/** What one person allows one client. */
export interface GiveConsent {
  readonly subject: Subject;
  readonly clientId: ClientId;
  readonly scope: readonly string[];
  /** Absolute URIs (RFC 8707). */
  readonly resources: readonly string[];
}

/** The id of the consent of a person to a client. Neither id has a dot in it. */
export function consentIdOf(subject: Subject, clientId: ClientId): string {
  return `${subject}.${clientId}`;
}

/** Whether a consent allows all of this scope at all of these resources. */
export function covers(
  consent: ConsentState | undefined,
  scope: readonly string[],
  resources: readonly string[],
): boolean {
  if (consent === undefined || consent.withdrawn) return false;
  return includesAll(consent.scope, scope) && includesAll(consent.resources, resources);
}

/**
 * Records what a person allowed. It adds to what stood before only where that widens one side: scope
 * allowed at one resource is never taken to be allowed at another.
 */
export function decideGiveConsent(
  state: ConsentState | undefined,
  command: GiveConsent,
): Decision<'consent', { readonly kind: 'given' | 'unchanged' }> {
  const { subject, clientId } = command;
  if (covers(state, command.scope, command.resources)) return noEvents({ kind: 'unchanged' });
  const { scope, resources } = widened(state, command);
  return {
    events: [{ type: 'ConsentGiven', data: { subject, clientId, scope, resources } }],
    outcome: { kind: 'given' },
  };
}

interface Extent {
  readonly scope: string[];
  readonly resources: string[];
}

function widened(state: ConsentState | undefined, command: GiveConsent): Extent {
  const asked = {
    scope: sortedSet(command.scope),
    resources: sortedSet(command.resources),
  };
  if (state === undefined || state.withdrawn) return asked;
  const isOneSided =
    isSameSet(state.resources, command.resources) || isSameSet(state.scope, command.scope);
  const both = {
    scope: sortedSet([...state.scope, ...command.scope]),
    resources: sortedSet([...state.resources, ...command.resources]),
  };
  // A consent that has grown to the limit of its event starts again from what is asked now.
  const fits = both.scope.length <= SCOPE_TOKENS_MAX && both.resources.length <= RESOURCES_MAX;
  return isOneSided && fits ? both : asked;
}

/** Takes a consent back; the person is asked again next time. */
export function decideWithdrawConsent(
  state: ConsentState | undefined,
): Decision<'consent', { readonly kind: 'withdrawn' | 'already_withdrawn' | 'unknown_consent' }> {
  if (state === undefined) return noEvents({ kind: 'unknown_consent' });
  if (state.withdrawn) return noEvents({ kind: 'already_withdrawn' });
  return { events: [{ type: 'ConsentWithdrawn', data: {} }], outcome: { kind: 'withdrawn' } };
}

function includesAll(all: readonly string[], some: readonly string[]): boolean {
  return some.every((one) => all.includes(one));
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  return includesAll(one, other) && includesAll(other, one);
}

function sortedSet(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}
