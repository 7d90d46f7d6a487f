import {
  DEFAULT_PROJECT,
  type Position,
  type StreamId,
  type StreamKind,
  streamIdOf,
} from '../domain/identifiers.js';
import { stateAfter } from '../domain/investigation/state-difference.rules.js';
import type { Ledger, StreamRow } from '../ledger/ledger.port.js';
import type { ViewedFamily } from '../views/views.port.js';
import type { AuditFamily } from './family.answer.js';
import { blockedBy, type OwnerAt, ownersThrough } from './family-owners.reader.js';
import { streamRowAt } from './stream-history.reader.js';

/**
 * What blocked families at a position, by the position of their grant; those that nothing did are
 * absent. Each client and account is looked up once: most have nothing that could block.
 */
export async function blockedAt(
  ledger: Ledger,
  families: readonly ViewedFamily[],
  upTo: Position,
): Promise<ReadonlyMap<Position, NonNullable<AuditFamily['blockedBy']>>> {
  const blocked = new Map<Position, NonNullable<AuditFamily['blockedBy']>>();
  const places = await placesToJudge(ledger, families);
  if (places.length === 0) return blocked;
  const ownerAt = ownersRememberedAt(ledger, upTo);
  for (const grant of await ledger.eventsAt(places)) {
    const state = stateAfter('family', undefined, grant);
    const reason = blockedBy(state, await ownersThrough(ownerAt, state));
    if (reason !== null) blocked.set(grant.position, reason);
  }
  return blocked;
}

/**
 * Where the families were granted that something may block: what an owner is marked with now it may
 * have been marked with then, but what it is not marked with now it never was.
 */
function placesToJudge(ledger: Ledger, families: readonly ViewedFamily[]): Promise<Position[]> {
  return ledger.read((reader) => {
    const isProjectSound = reader.find('project', DEFAULT_PROJECT)?.status === 'active';
    const isClientSound = remembered((id: string): boolean => {
      const client = reader.find('client', id);
      return client?.status === 'active' && (client.tokensNotBefore ?? 0) === 0;
    });
    const isAccountSound = remembered((id: string): boolean => {
      const account = reader.find('account', id);
      return account?.status === 'active' && account.tokensNotBefore === 0;
    });
    const isSound = ({ clientId, subject }: ViewedFamily): boolean =>
      isProjectSound &&
      clientId !== null &&
      isClientSound(clientId) &&
      (subject === null || isAccountSound(subject));
    return families.flatMap((row) => (isSound(row) ? [] : [row.createdPosition]));
  });
}

/** Reads each owner once. */
function ownersRememberedAt(ledger: Ledger, upTo: Position): OwnerAt {
  const rows = new Map<StreamId, Promise<StreamRow | undefined>>();
  return <Kind extends StreamKind>(kind: Kind, id: string) => {
    const streamId = streamIdOf(kind, id);
    const row = rows.get(streamId) ?? streamRowAt(ledger, kind, id, upTo);
    rows.set(streamId, row);
    return row as Promise<StreamRow<Kind> | undefined>;
  };
}

function remembered(isSound: (id: string) => boolean): (id: string) => boolean {
  const known = new Map<string, boolean>();
  return (id) => {
    const sound = known.get(id) ?? isSound(id);
    known.set(id, sound);
    return sound;
  };
}
