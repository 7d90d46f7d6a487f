import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { LedgerUnavailable } from '../../src/ledger/ledger.errors.js';
import { VaultError } from '../../src/vault/vault.errors.js';
import {
  familyIdOf,
  type SeededCode,
  type SeededTraffic,
  seedTraffic,
} from '../support/seeded-families.js';
import type { FaultCluster } from './cluster.js';
import { FamilyClient } from './family-client.js';
import { type Exchange, NO_GENERATION } from './history.js';
import { PATIENCE, RETRY_PAUSE, Traffic, type TrafficPace } from './traffic.js';

/** How clients behave. */
export interface ClientOptions extends Partial<TrafficPace> {
  readonly families?: number;
}

/** How many clients redeem codes, and how many take tokens of their own. */
const CODE_CLIENTS = 4;
const SERVICES = 4;
/** Codes for all of them: more than they redeem while a test lasts. */
const CODES = 200;
const SEED_ATTEMPTS = 5;
/** A family that began with a code is refreshed so often, and each so many of them is revoked. */
const REFRESHES = 2;
const REVOKED_EVERY = 8;

/**
 * Clients that refresh all the time, at all nodes, or redeem codes or take tokens of their own, and
 * write down what they see.
 */
export interface Clients {
  readonly history: readonly Exchange[];
  /** Lets so many more of the families be revoked by their clients, each at its next step. */
  revoke(families: number): void;
  /** Ends once so many exchanges from now on are as told. */
  until(count: number, isCounted: (exchange: Exchange) => boolean): Promise<void>;
  /** Ends once every client has been answered to what it asked. Throws when one gave up. */
  stop(): Promise<void>;
  /** Ends without insisting on answers that have not come. */
  abandon(): Promise<void>;
}

/**
 * Seeds before there is a fault. A burdened machine may take longer to open a connection than a node waits
 * for one: that is tried again.
 */
async function seedPatiently(cluster: FaultCluster, families: number): Promise<SeededTraffic> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const username = `seed-${randomUUID()}`;
      return await seedTraffic(cluster.settings, { families, codes: CODES }, username);
    } catch (error) {
      if (attempt === SEED_ATTEMPTS || !isPassing(error)) throw error;
    }
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof VaultError) return error.code === 'vault_unavailable';
  return error instanceof LedgerUnavailable;
}

/** Makes families and codes, and lets their clients begin. */
export async function startClients(
  cluster: FaultCluster,
  { families = 12, answerTimeout = 20_000, thinkTime = 20 }: ClientOptions = {},
): Promise<Clients> {
  const seeded = await seedPatiently(cluster, families);
  const { refreshTokens } = seeded;
  const traffic = new Traffic(cluster, seeded, { answerTimeout, thinkTime });
  const clients = refreshTokens.map((token, family) => new FamilyClient(family, token, traffic));
  const codes = seeded.codes.map((code, index) => ({ code, family: families + index }));
  const afterFamilies = families + codes.length;
  const running = [
    ...clients.map((client) => client.run()),
    ...Array.from({ length: CODE_CLIENTS }, () => redeemAll(codes, traffic)),
    ...Array.from({ length: SERVICES }, (_, index) => takeTokens(afterFamilies + index, traffic)),
  ];
  // What fails is told by `stop`.
  for (const run of running) run.catch(() => undefined);
  return {
    history: traffic.history,
    revoke: (count) => {
      const alive = clients.filter((client) => !client.isRevoking);
      for (const client of alive.slice(-count)) client.isRevoking = true;
    },
    until: async (count, isCounted) => {
      const from = traffic.history.length;
      const deadline = performance.now() + PATIENCE;
      while (traffic.history.slice(from).filter(isCounted).length < count) {
        if (performance.now() > deadline) throw new Error('the clients see no such thing');
        await wait(RETRY_PAUSE);
      }
    },
    stop: async () => {
      traffic.isStopped = true;
      await Promise.all(running);
    },
    abandon: async () => {
      traffic.isStopped = true;
      traffic.isAbandoned = true;
      await Promise.all(running);
    },
  };
}

/** A code that waits to be redeemed, and what its family is called. */
interface WaitingCode {
  readonly code: SeededCode;
  readonly family: number;
}

/** Redeems one code after the other, and uses what it gets for it a little. */
async function redeemAll(codes: WaitingCode[], traffic: Traffic): Promise<void> {
  for (let next = codes.shift(); next !== undefined; next = codes.shift()) {
    if (traffic.isStopped) return;
    const { family } = next;
    const { code, verifier, redirectUri } = next.code;
    const answer = await traffic.insist(
      {
        family,
        familyId: familyIdOf(code),
        operation: 'redeem',
        generation: NO_GENERATION,
        presented: { code, code_verifier: verifier, redirect_uri: redirectUri },
      },
      family,
    );
    await traffic.think();
    if (answer?.refreshToken === undefined) continue;
    const client = new FamilyClient(family, answer.refreshToken, traffic, answer.accessToken);
    for (let refreshes = 0; refreshes < REFRESHES; refreshes += 1) {
      await client.refresh();
      await traffic.think();
    }
    if (family % REVOKED_EVERY === 0) await client.revoke();
  }
}

/** Takes one token of its own after the other until all clients are told to stop. */
async function takeTokens(family: number, traffic: Traffic): Promise<void> {
  const question = { family, operation: 'take', generation: NO_GENERATION, presented: {} } as const;
  for (let turn = family; !traffic.isStopped; turn += 1) {
    await traffic.insist(question, turn);
    await traffic.think();
  }
}
