import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { SeededTraffic } from '../support/seeded-families.js';
import type { FaultCluster, FaultNode } from './cluster.js';
import type { Exchange, Operation } from './history.js';

/** How long a client waits after an answer that did not come, in milliseconds. */
export const RETRY_PAUSE = 50;
/** A client that is not answered for so long gives up: the service has not recovered. In milliseconds. */
export const PATIENCE = 40_000;

/** How patient clients are, in milliseconds. */
export interface TrafficPace {
  /** How long an answer is waited for. */
  readonly answerTimeout: number;
  /** How long a client waits before its next step. */
  readonly thinkTime: number;
}

/** Who clients are. */
export type Identities = Pick<SeededTraffic, 'clientId' | 'service'>;

/** What is asked, and what is presented with it. */
export interface Question extends Pick<
  Exchange,
  'family' | 'familyId' | 'operation' | 'generation'
> {
  readonly presented: Readonly<Record<string, string>>;
}

/** An answer, with the tokens that came with it. */
export interface Answer {
  readonly exchange: Exchange;
  readonly refreshToken: string | undefined;
  readonly accessToken: string | undefined;
}

/** Where an operation is asked for, and by whom. */
interface Door {
  readonly path: string;
  readonly grantType?: string;
  /** Whether the confidential client asks. */
  readonly isOfService?: boolean;
}

const DOORS: Readonly<Record<Operation, Door>> = {
  redeem: { path: '/oauth/token', grantType: 'authorization_code' },
  refresh: { path: '/oauth/token', grantType: 'refresh_token' },
  revoke: { path: '/oauth/revoke' },
  introspect: { path: '/oauth/introspect', isOfService: true },
  take: { path: '/oauth/token', grantType: 'client_credentials', isOfService: true },
};

/** What clients share: the nodes, and the history of everything that was asked. */
export class Traffic {
  readonly history: Exchange[] = [];
  isStopped = false;
  isAbandoned = false;

  constructor(
    private readonly cluster: FaultCluster,
    private readonly identities: Identities,
    private readonly pace: TrafficPace,
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
    return wait(this.pace.thinkTime);
  }

  /**
   * Asks one node after the other until it is answered, if only with a refusal. Undefined once no
   * answer is to be waited for.
   */
  async insist(question: Question, turn: number): Promise<Answer | undefined> {
    const deadline = performance.now() + PATIENCE;
    for (let attempt = 0; performance.now() < deadline && !this.isOver; attempt += 1) {
      const node = this.nodes[(turn + attempt) % this.nodes.length] as FaultNode;
      const answer = await this.ask(question, node);
      const { status } = answer.exchange;
      if (status !== undefined && status < 500) return answer;
      await wait(RETRY_PAUSE);
    }
    if (this.isOver) return undefined;
    throw new Error(`family ${question.family} was not answered for ${PATIENCE / 1000} s`);
  }

  private async ask({ presented, ...question }: Question, node: FaultNode): Promise<Answer> {
    const startedAt = performance.now();
    let answered: AnsweredExchange;
    try {
      const response = await this.send(question, presented, node);
      answered = answeredExchange(response, await response.text());
    } catch (error) {
      answered = { seen: { status: undefined, error: causeOf(error) } };
    }
    const endedAt = performance.now();
    const { seen, refreshToken, accessToken } = answered;
    const exchange = { ...question, node: node.name, startedAt, endedAt, ...seen };
    this.history.push(exchange);
    return { exchange, refreshToken, accessToken };
  }

  private send(
    { family, operation }: Omit<Question, 'presented'>,
    presented: Question['presented'],
    node: FaultNode,
  ): Promise<Response> {
    const { path, grantType, isOfService = false } = DOORS[operation];
    const { clientId, service } = this.identities;
    const basic = Buffer.from(`${service.clientId}:${service.clientSecret}`).toString('base64');
    return fetch(`${node.address}${path}`, {
      method: 'POST',
      body: new URLSearchParams({
        ...presented,
        ...(grantType === undefined ? {} : { grant_type: grantType }),
        ...(isOfService ? {} : { client_id: clientId }),
      }),
      headers: {
        'x-forwarded-for': `10.0.${family >> 8}.${family & 255}`,
        ...(isOfService ? { authorization: `Basic ${basic}` } : {}),
      },
      signal: AbortSignal.timeout(this.pace.answerTimeout),
    });
  }
}

interface AnsweredExchange extends Partial<Pick<Answer, 'refreshToken' | 'accessToken'>> {
  readonly seen: Pick<
    Exchange,
    'status' | 'successor' | 'tokenId' | 'isActive' | 'retryAfter' | 'error'
  >;
}

interface AnswerBody {
  readonly refresh_token?: string;
  readonly access_token?: string;
  readonly active?: boolean;
  readonly error?: string;
}

function answeredExchange({ status, headers }: Response, text: string): AnsweredExchange {
  const body = (text === '' ? {} : JSON.parse(text)) as AnswerBody;
  const { refresh_token: refreshToken, access_token: accessToken, active: isActive, error } = body;
  const retryAfter = headers.get('retry-after');
  const seen = {
    status,
    successor: refreshToken && createHash('sha256').update(refreshToken).digest('hex'),
    tokenId: accessToken && tokenIdOf(accessToken),
    isActive,
    retryAfter: retryAfter === null ? undefined : Number(retryAfter),
    error,
  };
  return { seen, refreshToken, accessToken };
}

function tokenIdOf(accessToken: string): string {
  const claims = Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString();
  return (JSON.parse(claims) as { jti: string }).jti;
}

function causeOf(error: unknown): string {
  const { name, cause } = error as Error & { readonly cause?: { readonly code?: string } };
  return cause?.code ?? name;
}
