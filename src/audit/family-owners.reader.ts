import type { ClientState } from '../domain/directory/directory.state.js';
import { DEFAULT_PROJECT, type Position } from '../domain/identifiers.js';
import { ownersEnd } from '../domain/token-family/family.decision.js';
import type { FamilyState } from '../domain/token-family/family.state.js';
import type { Ledger, StreamRow } from '../ledger/ledger.port.js';
import type { AuditFamily } from './family.answer.js';
import { streamRowAt } from './stream-history.reader.js';

/** The client, account and project of a family: it is worth nothing without them. */
export type FamilyOwners = Parameters<typeof ownersEnd>[1] & {
  readonly client: ClientState | undefined;
};

/** Whose a family is, at one moment. */
export function ownersOf(
  ledger: Ledger,
  { clientId, subject }: FamilyState,
): Promise<FamilyOwners> {
  return ledger.read((reader) => ({
    client: reader.find('client', clientId),
    account: subject === undefined ? undefined : reader.find('account', subject),
    project: reader.find('project', DEFAULT_PROJECT),
  }));
}

/** Reads an owner's stream as it was at one position. */
export type OwnerAt = <Kind extends 'client' | 'account' | 'project'>(
  kind: Kind,
  id: string,
) => Promise<StreamRow<Kind> | undefined>;

/** Whose a family was at a position. */
export function ownersAt(
  ledger: Ledger,
  state: FamilyState,
  upTo: Position,
): Promise<FamilyOwners> {
  return ownersThrough((kind, id) => streamRowAt(ledger, kind, id, upTo), state);
}

/** Whose a family was at the position that its owners are read at. */
export async function ownersThrough(
  ownerAt: OwnerAt,
  { clientId, subject }: FamilyState,
): Promise<FamilyOwners> {
  const client = await ownerAt('client', clientId);
  const account = subject === undefined ? undefined : await ownerAt('account', subject);
  const project = await ownerAt('project', DEFAULT_PROJECT);
  return { client: client?.state, account: account?.state, project: project?.state };
}

/** Why a family is worth nothing although it did not end; null when its owners stand. */
export function blockedBy(state: FamilyState, owners: FamilyOwners): AuditFamily['blockedBy'] {
  const reason = ownersEnd(state, owners);
  switch (reason) {
    case 'client_disabled':
    case 'account_disabled':
    case 'project_disabled':
    case 'not_before':
      return reason;
    default:
      return null;
  }
}
