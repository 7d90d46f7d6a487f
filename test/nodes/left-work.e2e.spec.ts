import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RevocationSets } from '../../src/admin/revocation-set.reader.js';
import { StartRevocation } from '../../src/admin/start-revocation.command.js';
import { newUuid } from '../../src/config/random-identifiers.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import { beginFamily, refresh } from '../support/http-flow.js';
import { type HttpNodes, startNodes } from './http-nodes.js';

let nodes: HttpNodes;
beforeAll(async () => {
  nodes = await startNodes();
});
afterAll(() => nodes.close());

describe('a revocation whose node is gone', () => {
  it('is completed by another one', async () => {
    const { one, other } = nodes;
    const shop = await one.register('native');
    const ana = await one.createAccount();
    const { refresh_token: token } = await beginFamily(one, shop, ana);
    const ledger = other.get(Ledger);
    const position = (await ledger.size()) - 1;
    await one.get(RevocationSets).followed(position, 20_000);
    // The command alone only writes it down, as a node does that is killed before it goes on.
    const selector = { kind: 'subject', id: ana.subject } as const;
    const attribution = { actor: 'operator', correlationId: newUuid() };
    const started = await one.execute(new StartRevocation(selector, position, attribution));
    if (started.kind !== 'started') throw new Error(started.kind);
    const result = async () => (await ledger.load('revocation', started.id))?.completed;
    while ((await result()) === undefined) await pause(100);
    expect(await result()).toMatchObject({ families: 1, familiesRevoked: 1 });
    expect((await refresh(one, shop, token)).body.error).toBe('invalid_grant');
  }, 60_000);
});
