import type { Instant } from '../domain/identifiers.js';
import type { Ledger } from '../ledger/ledger.port.js';
import type { ViewedFamily } from '../views/views.port.js';

/**
 * When families expire unless they are used, by their id, as their newest states say it. That is so for
 * any earlier moment that it lies before, too: what has expired is never used again.
 */
export function idleExpiriesOf(
  ledger: Ledger,
  families: readonly ViewedFamily[],
): Promise<ReadonlyMap<string, Instant>> {
  const alive = families.filter(({ end }) => end === null);
  return ledger.read((reader) => {
    const expiries = alive.flatMap(({ familyId }): [string, Instant][] => {
      const at = reader.find('family', familyId)?.idleExpiresAt;
      return at === undefined ? [] : [[familyId, at]];
    });
    return new Map(expiries);
  });
}
