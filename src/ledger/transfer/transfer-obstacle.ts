import type { LedgerSource } from '../verification/ledger.source.js';
import type { LedgerTarget } from './ledger-target.port.js';

/** Why a ledger cannot be copied to where it should. */
export type TransferObstacle =
  'nothing_to_copy' | 'served' | 'another_ledger' | 'copied_already' | 'ahead' | 'another_history';

/**
 * Why a ledger cannot be copied to a target, or its copy not be gone on with; undefined when it can.
 * A copy goes on only where the target holds the beginning of this very ledger.
 */
export async function transferObstacle(
  source: LedgerSource,
  target: LedgerTarget,
): Promise<TransferObstacle | undefined> {
  const counts = await source.counts();
  if (counts.events === 0) return 'nothing_to_copy';
  const { begun, origin, isEmpty, isServed, events, lastBody } = await target.standing();
  if (isServed) return 'served';
  const [first] = (await source.log()).rows;
  if (begun === undefined) {
    if (isEmpty) return undefined;
    return origin === first?.origin ? 'copied_already' : 'another_ledger';
  }
  if (begun !== first?.origin) return 'another_ledger';
  if (events > counts.events) return 'ahead';
  const last = await source.event(events - 1);
  return last?.body === lastBody ? undefined : 'another_history';
}
