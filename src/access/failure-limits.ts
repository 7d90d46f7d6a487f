import { Injectable } from '@nestjs/common';
import { FailureBudget } from './failure-budget.js';
import { addressGroup } from './network-address.js';

const MINUTE = 60;
const QUARTER_HOUR = 15 * MINUTE;

/** Who tries to sign in, for counting only. */
export interface SignInAttempt {
  readonly address: string;
  /** What stands for the typed user name, known or not; never the name itself. */
  readonly accountKey: string;
  /** The browser, if it has signed in to this account before. */
  readonly knownDevice?: string | undefined;
}

/** No more attempts for now. */
export interface AttemptsExhausted {
  readonly kind: 'exhausted';
  readonly retryAfterSeconds: number;
}

/**
 * Limits what fails, never what succeeds. Sign-ins are limited per address and per account; a browser
 * that has signed in to the account before has a budget of its own, so nobody can lock it out.
 */
@Injectable()
export class FailureLimits {
  private readonly calls = new FailureBudget({ failures: 300, seconds: MINUTE });
  private readonly addresses = new FailureBudget({ failures: 50, seconds: QUARTER_HOUR });
  private readonly accounts = new FailureBudget({ failures: 10, seconds: QUARTER_HOUR });
  private readonly devices = new FailureBudget({ failures: 10, seconds: QUARTER_HOUR });

  /** Counts a failing call. Seconds to wait when its address has failed too often: answer with 429. */
  callFailed(address: string): Promise<number | undefined> {
    return this.calls.fail(addressGroup(address));
  }

  /** Runs a sign-in unless too many have failed, and counts it when `hasFailed` says so of its outcome. */
  async signIn<Outcome>(
    attempt: SignInAttempt,
    verify: () => Promise<Outcome>,
    hasFailed: (outcome: Outcome) => boolean,
  ): Promise<Outcome | AttemptsExhausted> {
    const { address, accountKey, knownDevice } = attempt;
    if (knownDevice !== undefined) {
      const key = `${knownDevice} ${accountKey}`;
      const outcome = await within(this.devices, key, verify, hasFailed);
      const isForgiven = !isExhausted(outcome) && !hasFailed(outcome);
      if (isForgiven) await this.devices.forgive(key);
      return outcome;
    }
    const counted = await within(
      this.addresses,
      addressGroup(address),
      () => within(this.accounts, accountKey, verify, hasFailed),
      (outcome) => !isExhausted(outcome) && hasFailed(outcome),
    );
    return counted;
  }
}

function isExhausted(outcome: unknown): outcome is AttemptsExhausted {
  return (outcome as { readonly kind?: unknown } | undefined)?.kind === 'exhausted';
}

async function within<Outcome>(
  budget: FailureBudget,
  key: string,
  run: () => Promise<Outcome>,
  hasFailed: (outcome: Outcome) => boolean,
): Promise<Outcome | AttemptsExhausted> {
  const retryAfterSeconds = await budget.enter(key);
  if (retryAfterSeconds !== undefined) return { kind: 'exhausted', retryAfterSeconds };
  try {
    const outcome = await run();
    if (hasFailed(outcome)) await budget.fail(key);
    return outcome;
  } finally {
    budget.leave(key);
  }
}
