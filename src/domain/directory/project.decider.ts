import { type Decision, noEvents } from '../decision.js';
import type { ProjectState } from './directory.state.js';

/** Creates a project; creating it again changes nothing. */
export function decideCreateProject(
  state: ProjectState | undefined,
  slug: string,
): Decision<'project', { readonly kind: 'created' | 'already_exists' }> {
  if (state !== undefined) return noEvents({ kind: 'already_exists' });
  return { events: [{ type: 'ProjectCreated', data: { slug } }], outcome: { kind: 'created' } };
}
