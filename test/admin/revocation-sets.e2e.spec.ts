import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RevocationSets } from '../../src/admin/revocation-set.reader.js';
import { newUuid } from '../../src/config/random-identifiers.js';
import { CreateSigningKey } from '../../src/directory/create-signing-key.handler.js';
import type { Origin, RecordedEvent } from '../../src/domain/envelope.js';
import type { RevocationSelector } from '../../src/domain/events/revocation.events.js';
import { RevokeFamily } from '../../src/grants/revoke-family.command.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import { clientToken, familyOf, wholeLedger } from '../audit/audit-stage.js';
import { beginFamily, post, type Tokens } from '../support/http-flow.js';
import {
  HttpServer,
  type TestAccount,
  TestClock,
  type TestClient,
} from '../support/http-server.js';

/** The history is asked about at so many places, and over every span between two of them. */
const PARTS = 6;
const clock = new TestClock();

let server: HttpServer;
let events: readonly RecordedEvent[];
let origins: ReadonlyMap<number, Origin>;
let clients: readonly TestClient[];
let accounts: readonly TestAccount[];
let keyIds: readonly string[];

beforeAll(async () => {
  server = await HttpServer.start();
  clients = [await server.register('native'), await server.register('native')];
  accounts = [await server.createAccount(), await server.createAccount()];
  const machine = await server.register('machine', { scope: 'reports' });
  clients = [...clients, machine];
  const held: { client: TestClient; tokens: Tokens }[] = [];
  for (let round = 0; round < 12; round += 1) {
    clock.pass(60_000);
    const client = clients[round % 2]!;
    held.push({ client, tokens: await beginFamily(server, client, accounts[(round >> 1) % 2]!) });
    if (round % 3 === 0) await clientToken(server, machine);
    if (round === 6) await server.execute(new CreateSigningKey(true, operator()));
    const used = held[(round * 5) % held.length]!;
    const fields = {
      grant_type: 'refresh_token',
      client_id: used.client.clientId,
      refresh_token: used.tokens.refresh_token,
    };
    const address = `198.51.100.${(round % 4) * 64 + 1}`;
    const { body } = await post<Tokens>(server, '/oauth/token', fields, {
      'x-forwarded-for': address,
    });
    if (body.refresh_token !== undefined) used.tokens = body;
    if (round % 4 === 3) await end(familyOf(held[round - 2]!.tokens));
  }
  events = await wholeLedger(server);
  origins = await server.get(Ledger).origins(events.map(({ position }) => position));
  keyIds = [...new Set(events.flatMap(({ data }) => tokenOf(data)?.signingKeyId ?? []))];
});

afterAll(() => server.close());

const operator = () => ({ actor: 'operator', correlationId: newUuid() });

async function end(familyId: string): Promise<void> {
  const terms = { reason: 'operator_request', actor: 'operator' } as const;
  const request = { receivedAt: Date.now(), correlationId: newUuid(), origin: undefined };
  await server.execute(new RevokeFamily(familyId, terms, request));
}

interface MintedToken {
  readonly signingKeyId: string;
  readonly expiresAt: number;
}

function tokenOf(data: RecordedEvent['data']): MintedToken | undefined {
  return data['token'] as MintedToken | undefined;
}

/** The streams that a selector is about, by looking at every event there is. */
function bruteForce(
  isAbout: IsAbout,
  {
    from = 0,
    to = Infinity,
  }: { readonly from?: number | undefined; readonly to?: number | undefined },
  position: number,
): string[] {
  const past = events.slice(0, position + 1);
  const now = past.at(-1)!.recordedAt;
  const streams = new Map<string, RecordedEvent[]>();
  for (const event of past) {
    streams.set(event.streamId, [...(streams.get(event.streamId) ?? []), event]);
  }
  return [...streams]
    .filter(([streamId, history]) => {
      const isLive = streamId.startsWith('family:')
        ? !history.some(({ type }) => type === 'FamilyRevoked')
        : streamId.startsWith('client_token:') && tokenOf(history[0]!.data)!.expiresAt > now;
      const isTouched = history.some(
        (event) => event.recordedAt >= from && event.recordedAt < to && isAbout(event, history[0]!),
      );
      return isLive && isTouched;
    })
    .map(([streamId]) => streamId)
    .toSorted();
}

type IsAbout = (event: RecordedEvent, first: RecordedEvent) => boolean;

/** A selector of what there is, and which events it is about. */
interface Asked {
  readonly selector: RevocationSelector;
  readonly range?: string;
  readonly isAbout: IsAbout;
}

function selectors(): readonly Asked[] {
  return [
    ...clients.map(({ clientId: id }) => ({
      selector: { kind: 'client' as const, id },
      isAbout: (_: RecordedEvent, { data }: RecordedEvent) => data['clientId'] === id,
    })),
    ...accounts.map(({ subject: id }) => ({
      selector: { kind: 'subject' as const, id },
      isAbout: (_: RecordedEvent, { data }: RecordedEvent) => data['subject'] === id,
    })),
    ...keyIds.map((id) => ({
      selector: { kind: 'signing_key' as const, id },
      isAbout: ({ data }: RecordedEvent) => tokenOf(data)?.signingKeyId === id,
    })),
    ...['198.51.100.0/26', '198.51.100.128/25', '198.51.100.65/32'].map((range) => ({
      selector: { kind: 'address' as const, id: `digest of ${range}` },
      range,
      isAbout: ({ position }: RecordedEvent) => inside(range, origins.get(position)?.address),
    })),
  ];
}

function inside(range: string, address = ''): boolean {
  const [, begin = '', prefix = ''] = /\.(\d+)\/(\d+)$/.exec(range) ?? [];
  const last = Number(/^198\.51\.100\.(\d+)$/.exec(address)?.[1] ?? -1);
  return last >= Number(begin) && last < Number(begin) + 2 ** (32 - Number(prefix));
}

describe('the set of a revocation', () => {
  it('is exactly what every event says, for every selector, span and position', async () => {
    const sets = server.get(RevocationSets);
    await sets.followed(events.length - 1, 5000);
    const places = Array.from({ length: PARTS }, (_, part) =>
      Math.floor(((part + 1) * (events.length - 1)) / PARTS),
    );
    const instants = [undefined, ...places.map((place) => events[place]!.recordedAt)];
    const spans = instants.flatMap((from) => instants.map((to) => ({ from, to })));
    let found = 0;
    for (const { selector, range, isAbout } of selectors()) {
      for (const position of places) {
        for (const span of spans) {
          const set = await sets.find({ selector: { ...selector, ...span }, position, range });
          if (set.kind !== 'found') throw new Error(set.kind);
          const streamIds = [
            ...set.clientTokens.map((id) => `client_token:${id}`),
            ...set.families.map((id) => `family:${id}`),
          ];
          const expected = bruteForce(isAbout, span, position);
          expect({ selector, span, position, streamIds }).toEqual({
            selector,
            span,
            position,
            streamIds: expected,
          });
          const text = streamIds.map((streamId) => `${streamId}\n`).join('');
          expect(set.setDigest).toBe(createHash('sha256').update(text).digest('base64url'));
          found += streamIds.length;
        }
      }
    }
    expect(found).toBeGreaterThan(1000);
  });
});
