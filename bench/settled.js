// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until the views and the checkpoints of a server are at the end of its ledger.
 * @param {string} issuer
 */
export async function untilSettled(issuer) {
  const waiting = ['token_ledger_views_lag_events', 'token_ledger_seal_lag_events'];
  for (;;) {
    const metrics = await (await fetch(`${issuer}/metrics`)).text();
    const lags = waiting.map((name) => new RegExp(`^${name} (\\d+)$`, 'm').exec(metrics)?.[1]);
    if (lags.every((lag) => lag === '0')) return;
    await sleep(200);
  }
}
