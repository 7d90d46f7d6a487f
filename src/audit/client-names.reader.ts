import type { Ledger } from '../ledger/ledger.port.js';
import type { AuditClient } from './family.answer.js';

/** Clients as the audit names them, by id, with the names that they have now; all at one moment. */
export function clientsOf(
  ledger: Ledger,
  clientIds: readonly (string | null)[],
): Promise<ReadonlyMap<string, AuditClient>> {
  const wanted = new Set(clientIds.filter((id) => id !== null));
  return ledger.read((reader) => {
    const named = [...wanted].map((id): [string, AuditClient] => [
      id,
      { id, name: reader.find('client', id)?.metadata.name ?? null },
    ]);
    return new Map(named);
  });
}
