import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { seedFamilies } from '../support/seeded-families.js';
import type { FaultCluster, FaultNode } from './cluster.js';
import { type Exchange, isRefreshed } from './history.js';

/** How long a client waits after an answer that did not come, in milliseconds. */
const RETRY_PAUSE = 50;
/** A client that is not answered for so long gives up: the service has not recovered. In milliseconds. */
const PATIENCE = 40_000;

/** How clients behave. */
export interface ClientOptions {
  readonly families?: number;
  /** How long an answer is waited for, in milliseconds. */
  readonly answerTimeout?: number;
  /** How long a client waits before its next step, in milliseconds. */
  readonly thinkTime?: number;
}

/** Clients of token families that refresh all the time, at all nodes, and write down what they see. */
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

/** Makes families, and lets their clients begin. */
export async function startClients(
  cluster: FaultCluster,
  { families = 12, answerTimeout = 20_000, thinkTime = 20 }: ClientOptions = {},
): Promise<Clients> {
  const username = `seed-${randomUUID()}`;
  const seeded = await seedFamilies(cluster.settings, families, username);
  const { clientId, refreshTokens } = seeded;
  const traffic = new Traffic(cluster, clientId, { answerTimeout, thinkTime });
  const clients = refreshTokens.map((token, family) => new FamilyClient(family, token, traffic));
  const running = clients.map((client) => client.run());
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

/** What clients share: the nodes, and the history of everything that was asked. */
class Traffic {
  readonly history: Exchange[] = [];
  isStopped = false;
  isAbandoned = false;

  constructor(
    private readonly cluster: FaultCluster,
    private readonly clientId: string,
    private readonly patience: Required<Pick<ClientOptions, 'answerTimeout' | 'thinkTime'>>,
  ) {}

  get nodes(): readonly FaultNode[] {
    return this.cluster.nodes;
  }

  /** Whether no answer is to be waited for any more. */
  get isOver(): boolean {
    return this.isAbandoned || this.cluster.isRemoved;
  }

  /** What a client does between two steps. */
  think(): Promise<void> {
    return wait(this.patience.thinkTime);
  }

  /** Asks a node; answers with the successor of a refresh that succeeded. */
  async ask(
    question: Pick<Exchange, 'family' | 'operation' | 'generation'>,
    token: string,
    node: FaultNode,
  ): Promise<{ readonly exchange: Exchange; readonly successor: string | undefined }> {
    const startedAt = performance.now();
    const fields = {
      client_id: this.clientId,
      ...(question.operation === 'refresh'
        ? { grant_type: 'refresh_token', refresh_token: token }
        : { token }),
    };
    let answered: AnsweredExchange;
    try {
      const path = question.operation === 'refresh' ? '/oauth/token' : '/oauth/revoke';
      const response = await fetch(`${node.address}${path}`, {
        method: 'POST',
        body: new URLSearchParams(fields),
        headers: { 'x-forwarded-for': `10.0.0.${question.family}` },
        signal: AbortSignal.timeout(this.patience.answerTimeout),
      });
      answered = answeredExchange(response, await response.text());
    } catch (error) {
      answered = { seen: { status: undefined, error: causeOf(error) }, successor: undefined };
    }
    const endedAt = performance.now();
    const exchange = { ...question, node: node.name, startedAt, endedAt, ...answered.seen };
    this.history.push(exchange);
    return { exchange, successor: answered.successor };
  }
}

interface AnsweredExchange {
  readonly seen: Pick<Exchange, 'status' | 'successor' | 'tokenId' | 'retryAfter' | 'error'>;
  readonly successor: string | undefined;
}

function answeredExchange({ status, headers }: Response, text: string): AnsweredExchange {
  const body = (text === '' ? {} : JSON.parse(text)) as Record<string, string | undefined>;
  const { refresh_token: successor, access_token: accessToken, error } = body;
  const retryAfter = headers.get('retry-after');
  const seen = {
    status,
    successor: successor && createHash('sha256').update(successor).digest('hex'),
    tokenId: accessToken && tokenIdOf(accessToken),
    retryAfter: retryAfter === null ? undefined : Number(retryAfter),
    error,
  };
  return { seen, successor };
}

function tokenIdOf(accessToken: string): string {
  const claims = Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString();
  return (JSON.parse(claims) as { jti: string }).jti;
}

function causeOf(error: unknown): string {
  const { name, cause } = error as Error & { readonly cause?: { readonly code?: string } };
  return cause?.code ?? name;
}

/** Every so many steps a client does something that clients do rarely. */
const TWIN_EVERY = 5;
const LATE_RETRY_EVERY = 9;
const OLD_TOKEN_EVERY = 31;
/** What is presented of an old token is so many generations old. */
const OLD_BY = 2;

/** The client of one family, which has all its refresh tokens. */
class FamilyClient {
  isRevoking = false;
  /** The refresh token of each generation. */
  private readonly tokens: string[];
  private step: number;

  constructor(
    private readonly family: number,
    token: string,
    private readonly traffic: Traffic,
  ) {
    this.tokens = [token];
    this.step = family;
  }

  /** Refreshes until all clients are told to stop, or its family is revoked. */
  async run(): Promise<void> {
    while (!this.traffic.isStopped) {
      this.step += 1;
      if (this.isRevoking) {
        await this.revoke();
        return;
      }
      await this.refresh();
      await this.traffic.think();
    }
  }

  private async refresh(): Promise<void> {
    const generation = this.tokens.length - 1;
    // Twins of one client: both present the token that both have.
    const twins = this.step % TWIN_EVERY === 0 ? 2 : 1;
    const asked = Array.from({ length: twins }, (_, twin) =>
      this.insist('refresh', generation, this.step + twin),
    );
    const [successor] = await Promise.all(asked);
    if (successor !== undefined) this.tokens[generation + 1] = successor;
    if (this.step % LATE_RETRY_EVERY === 0) {
      await this.insist('refresh', generation, this.step + 1);
    }
    if (this.step % OLD_TOKEN_EVERY === 0 && generation >= OLD_BY) {
      await this.insist('refresh', generation - OLD_BY, this.step);
    }
  }

  /** Revokes the family, and sees at every node that it is over. */
  private async revoke(): Promise<void> {
    const generation = this.tokens.length - 1;
    await this.insist('revoke', generation, this.step);
    for (const turn of this.traffic.nodes.keys()) await this.insist('refresh', generation, turn);
  }

  /** Asks one node after the other until it is answered; answers with the successor, if there is one. */
  private async insist(
    operation: Exchange['operation'],
    generation: number,
    turn: number,
  ): Promise<string | undefined> {
    const { family, traffic } = this;
    const deadline = performance.now() + PATIENCE;
    const question = { family, operation, generation };
    for (let attempt = 0; performance.now() < deadline && !traffic.isOver; attempt += 1) {
      const node = traffic.nodes[(turn + attempt) % traffic.nodes.length] as FaultNode;
      const { exchange, successor } = await traffic.ask(
        question,
        this.tokens[generation] as string,
        node,
      );
      if (isRefreshed(exchange)) return successor;
      if (exchange.status !== undefined && exchange.status < 500) return undefined;
      await wait(RETRY_PAUSE);
    }
    if (traffic.isOver) return undefined;
    throw new Error(`family ${family} was not answered for ${PATIENCE / 1000} s`);
  }
}
