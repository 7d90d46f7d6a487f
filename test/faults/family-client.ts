import { familyIdOf } from '../support/seeded-families.js';
import type { Operation } from './history.js';
import type { Answer, Traffic } from './traffic.js';

/** Every so many steps a client does something that clients do rarely. */
const TWIN_EVERY = 5;
const INTROSPECTION_EVERY = 7;
const LATE_RETRY_EVERY = 9;
const OLD_TOKEN_EVERY = 31;
/** What is presented of an old token is so many generations old. */
const OLD_BY = 2;

/** The client of one family, which has all its refresh tokens, and the newest access token. */
export class FamilyClient {
  isRevoking = false;
  /** The refresh token of each generation. */
  private readonly tokens: string[];
  private readonly familyId: string;
  private step: number;

  constructor(
    private readonly family: number,
    token: string,
    private readonly traffic: Traffic,
    private accessToken?: string,
  ) {
    this.tokens = [token];
    this.familyId = familyIdOf(token);
    this.step = family;
  }

  /** Refreshes until all clients are told to stop, or its family is revoked. */
  async run(): Promise<void> {
    while (!this.traffic.isStopped) {
      if (this.isRevoking) {
        await this.revoke();
        return;
      }
      await this.refresh();
      await this.traffic.think();
    }
  }

  /** Takes one step: it refreshes, and now and then does more. */
  async refresh(): Promise<void> {
    this.step += 1;
    const { generation } = this;
    // Twins of one client: both present the token that both have.
    const twins = this.step % TWIN_EVERY === 0 ? 2 : 1;
    const asked = Array.from({ length: twins }, (_, twin) =>
      this.present(generation, this.step + twin),
    );
    const [answer] = await Promise.all(asked);
    if (answer?.refreshToken !== undefined) {
      this.tokens[generation + 1] = answer.refreshToken;
      this.accessToken = answer.accessToken;
    }
    if (this.step % INTROSPECTION_EVERY === 0) await this.introspect(this.step + 1);
    if (this.step % LATE_RETRY_EVERY === 0) await this.present(generation, this.step + 1);
    if (this.step % OLD_TOKEN_EVERY === 0 && generation >= OLD_BY) {
      await this.present(generation - OLD_BY, this.step);
    }
  }

  /** Revokes the family, and sees at every node that it is over. */
  async revoke(): Promise<void> {
    const { generation } = this;
    const token = this.tokens[generation] as string;
    await this.insist('revoke', generation, { token }, this.step);
    for (const turn of this.traffic.nodes.keys()) {
      await this.present(generation, turn);
      await this.introspect(turn);
    }
  }

  private get generation(): number {
    return this.tokens.length - 1;
  }

  private present(generation: number, turn: number): Promise<Answer | undefined> {
    const presented = { refresh_token: this.tokens[generation] as string };
    return this.insist('refresh', generation, presented, turn);
  }

  /** Lets a resource server ask what the newest access token is worth. */
  private async introspect(turn: number): Promise<void> {
    const { accessToken: token, generation } = this;
    if (token !== undefined) await this.insist('introspect', generation, { token }, turn);
  }

  private insist(
    operation: Operation,
    generation: number,
    presented: Readonly<Record<string, string>>,
    turn: number,
  ): Promise<Answer | undefined> {
    const { family, familyId, traffic } = this;
    return traffic.insist({ family, familyId, operation, generation, presented }, turn);
  }
}
