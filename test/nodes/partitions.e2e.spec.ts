import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ledger } from '../../src/ledger/ledger.port.js';
import { beginFamily, refresh, type Tokens } from '../support/http-flow.js';
import { HttpServer, type TestClient } from '../support/http-server.js';
import { EVENTS_IN_PARTITIONS } from '../support/ledger-partitions.js';
import { queryDatabase } from '../support/ledger-postgres.js';

let server: HttpServer;
let shop: TestClient;
let tokens: Tokens;
let size: number;

const asOwner = (sql: string) => queryDatabase(server.settings.postgresOwnerUrl ?? '', sql);

beforeAll(async () => {
  server = await HttpServer.start();
  shop = await server.register('native');
  tokens = await beginFamily(server, shop, await server.createAccount());
  size = await server.get(Ledger).size();
  server.expectError(/the table ledger\.events has no partition for position \d+: make one/);
});

afterAll(() => server.close());

describe('a server whose last partition of events is full', () => {
  it('asks for patience, and goes on with the same token once there is another one', async () => {
    await asOwner(EVENTS_IN_PARTITIONS.replace('TO (100000000)', `TO (${size})`));
    const refused = await refresh(server, shop, tokens.refresh_token);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(refused.body).toMatchObject({ error: 'temporarily_unavailable' });
    await asOwner(`CREATE TABLE ledger.events_1 PARTITION OF ledger.events
        FOR VALUES FROM (${size}) TO (100000000);
      CREATE TRIGGER events_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.events_1
        FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()`);
    const answered = await refresh(server, shop, tokens.refresh_token);
    expect(answered.status).toBe(200);
    expect(await server.get(Ledger).size()).toBe(size + 1);
  });
});
