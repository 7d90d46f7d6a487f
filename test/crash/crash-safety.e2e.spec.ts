import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readSettings } from '../../src/config/settings.js';
import { openSqliteSource } from '../../src/ledger/sqlite/sqlite-ledger.source.js';
import { verifyLedger } from '../../src/ledger/verification/verify-ledger.js';
import { type SeededFamilies, seedFamilies } from '../support/seeded-families.js';
import { freePort } from '../support/postgres-server.js';
import { startServerProcess } from '../support/server-process.js';

const KILLS = 20;
const FAMILIES = 24;

/** A rotation that the client saw acknowledged. */
interface Acknowledged {
  readonly presented: string;
  readonly successor: string;
  readonly tokenId: string;
}

/** A client of one family: it always presents its newest refresh token. */
class ChainClient {
  readonly acknowledged: Acknowledged[] = [];
  retriesAfterLoss = 0;
  private unanswered: string | undefined;

  constructor(
    private readonly issuer: string,
    private readonly clientId: string,
    private current: string,
  ) {}

  /** Refreshes until the server is gone. */
  async run(): Promise<void> {
    for (;;) {
      this.unanswered = this.current;
      const answer = await this.present(this.current);
      if (answer === undefined) return;
      this.unanswered = undefined;
      this.acknowledged.push({ ...answer, presented: this.current });
      this.current = answer.successor;
    }
  }

  /** After a restart: the last acknowledged rotation stands, and a lost one can be had again. */
  async recover(): Promise<void> {
    if (this.unanswered !== undefined) {
      const answer = await this.present(this.unanswered);
      const again = await this.present(this.unanswered);
      expect(again).toEqual(answer);
      expect(answer).toBeDefined();
      this.acknowledged.push({
        ...(answer as NonNullable<typeof answer>),
        presented: this.current,
      });
      this.current = answer?.successor ?? '';
      this.unanswered = undefined;
      this.retriesAfterLoss += 1;
    }
    const last = this.acknowledged.at(-1);
    if (last === undefined) return;
    expect((await this.present(last.presented))?.successor).toBe(last.successor);
  }

  private async present(
    refreshToken: string,
  ): Promise<{ successor: string; tokenId: string } | undefined> {
    let response: Response;
    let body: Record<string, string>;
    try {
      response = await fetch(`${this.issuer}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          refresh_token: refreshToken,
          client_id: this.clientId,
        }),
      });
      body = (await response.json()) as Record<string, string>;
    } catch {
      return undefined;
    }
    expect({ status: response.status, error: body.error }).toEqual({
      status: 200,
      error: undefined,
    });
    const claims = Buffer.from(String(body.access_token).split('.')[1] ?? '', 'base64url');
    const { jti } = JSON.parse(claims.toString()) as { jti: string };
    return { successor: String(body.refresh_token), tokenId: jti };
  }
}

describe('a server that is killed under load', () => {
  const directory = mkdtempSync(join(tmpdir(), 'token-ledger-crash-'));
  let environment: Record<string, string>;
  let issuer: string;
  let seeded: SeededFamilies;

  beforeAll(async () => {
    const port = await freePort();
    issuer = `http://127.0.0.1:${port}`;
    environment = {
      PORT: String(port),
      HOST: '127.0.0.1',
      TOKEN_LEDGER_ISSUER: issuer,
      TOKEN_LEDGER_DATA_DIR: join(directory, 'data'),
      TOKEN_LEDGER_MASTER_KEY_FILE: join(directory, 'keys', 'master.key'),
      TOKEN_LEDGER_RETRY_WINDOW_SECONDS: '60',
      TOKEN_LEDGER_LOG_LEVEL: 'warn',
    };
    seeded = await seedFamilies(readSettings(environment), FAMILIES);
  }, 60_000);

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it(`keeps every acknowledged rotation and every family whole through ${KILLS} kills`, async () => {
    const { clientId, refreshTokens } = seeded;
    const clients = refreshTokens.map((token) => new ChainClient(issuer, clientId, token));
    for (let kill = 0; kill < KILLS; kill += 1) {
      const server = await startServerProcess(environment, issuer);
      await Promise.all(clients.map((client) => client.recover()));
      const running = Promise.all(clients.map((client) => client.run()));
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 180));
      await server.kill();
      await running;
    }
    const server = await startServerProcess(environment, issuer);
    await Promise.all(clients.map((client) => client.recover()));
    expect(await server.stop()).toBe(0);

    const acknowledged = clients.flatMap((client) => client.acknowledged);
    expect(acknowledged.length).toBeGreaterThan(KILLS * FAMILIES);
    expect(clients.some((client) => client.retriesAfterLoss > 0)).toBe(true);
    await expectLedgerKeeps(acknowledged, readSettings(environment).ledgerFile);
  }, 240_000);
});

async function expectLedgerKeeps(
  acknowledged: readonly Acknowledged[],
  file: string,
): Promise<void> {
  const source = openSqliteSource(file);
  try {
    expect(await verifyLedger(source)).toMatchObject({ ok: true, problems: [] });
  } finally {
    await source.close();
  }
  const handle = new Database(file, { readonly: true });
  try {
    const rows = handle
      .prepare<[], { family: string; generation: number; sequence: number; origin: number | null }>(
        `SELECT substr(stream_id, 8) AS family, body ->> '$.data.generation' AS generation,
           body ->> '$.data.token.sequence' AS sequence, o.position AS origin
         FROM events e LEFT JOIN origins o ON o.position = e.position
         WHERE type = 'RefreshTokenRotated'`,
      )
      .all();
    const generations = rows.map(({ family, generation }) => `${family} ${generation}`);
    expect(new Set(generations).size).toBe(generations.length);
    expect(rows.filter(({ origin }) => origin === null)).toEqual([]);
    const recorded = new Set(rows.map(({ family, sequence }) => `${family}.${sequence}`));
    expect(acknowledged.filter(({ tokenId }) => !recorded.has(tokenId))).toEqual([]);
  } finally {
    handle.close();
  }
}
