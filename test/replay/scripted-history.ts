import type { Ledger } from '../../src/ledger/ledger.port.js';
import { ATTRIBUTION, ORIGIN } from '../support/ledger-executions.js';
import { beginFamily, refreshFamily } from '../support/ledger-families.js';

const SECOND = 1000;

/** Somebody else than the client that was granted everything: from elsewhere, with another agent. */
const thief = {
  ...ATTRIBUTION,
  actor: 'client:photo-app',
  origin: { ...ORIGIN, address: '198.51.100.99', userAgent: 'curl/8.9' },
};

/**
 * Lets four families live, all granted with a retry window of 30 s: `lost` fetches a lost answer after
 * 20 s; `late` tries that after 40 s and dies of it; `stolen` is presented a token that was used two
 * generations ago, by a thief; `slow` one that was used 45 s ago, by a thief.
 */
export async function liveScripted(
  ledger: Ledger,
  clock: { now: number },
  prefix = '',
): Promise<void> {
  const wait = (seconds: number): void => {
    clock.now += seconds * SECOND;
  };
  for (const name of ['lost', 'late', 'stolen', 'slow']) {
    const id = `${prefix}${name}`;
    await beginFamily(ledger, id);
    wait(600);
    await refreshFamily(ledger, id, 0);
    if (name === 'lost') {
      wait(20);
      await refreshFamily(ledger, id, 0);
      wait(600);
      await refreshFamily(ledger, id, 1);
    } else if (name === 'late') {
      wait(40);
      await refreshFamily(ledger, id, 0);
    } else if (name === 'stolen') {
      wait(600);
      await refreshFamily(ledger, id, 1);
      wait(100);
      await refreshFamily(ledger, id, 0, thief);
    } else {
      wait(45);
      await refreshFamily(ledger, id, 0, thief);
    }
    wait(60);
  }
}
