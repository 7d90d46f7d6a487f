import type { AuditFamily } from '../audit/family.answer.js';
import type { Subject } from '../domain/identifiers.js';
import type { Operator } from './operator.js';

/** A client as people read it: by its name, and the id that verbs take. */
export function clientText({ id, name }: AuditFamily['client']): string {
  return name === null ? id : `${name} (${id})`;
}

/** An account as people read it, by its user name where that is known; undefined: there is none. */
export function accountText(subject: string | null, username?: string): string | undefined {
  if (subject === null) return undefined;
  return username === undefined ? subject : `${username} (${subject})`;
}

/** Makes the text of an account for each of these subjects, as a list shows it. */
export async function accountTexts(
  { vault }: Operator,
  listed: readonly { readonly subject: string | null }[],
): Promise<(subject: string | null) => string> {
  const subjects = new Set(listed.flatMap(({ subject }) => (subject ?? []) as Subject | []));
  const profiles = await vault.profiles([...subjects]);
  return (subject) =>
    accountText(subject, profiles.get(subject as Subject)?.username) ?? 'no account';
}
