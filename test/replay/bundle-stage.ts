import type { Position } from '../../src/domain/identifiers.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import { BUNDLE_EVENTS_MAX, type Selection } from '../../src/replay/bundle/bundle.evidence.js';
import {
  type BundleTerms,
  ExportBundle,
  type ExportedBundle,
  type NoBundle,
} from '../../src/replay/bundle/export-bundle.query.js';
import { QueryBus } from '@nestjs/cqrs';
import { beginFamily, refresh } from '../support/http-flow.js';
import {
  type HttpServer,
  type TestAccount,
  type TestClient,
  type TestClock,
} from '../support/http-server.js';

/** How long a bundle waits for its checkpoint here, in milliseconds. */
const PATIENCE = 10_000;

/** A family that a thief was found in. */
export interface StolenFamily {
  readonly familyId: string;
  readonly incidentId: string;
  readonly account: TestAccount;
  readonly app: TestClient;
  /** The refresh token that was presented again. */
  readonly consumed: string;
}

/** Lets somebody get tokens, rotates them, and presents the first one again after the window. */
export async function stealFamily(
  server: HttpServer,
  clock: TestClock,
  username: string,
): Promise<StolenFamily> {
  const app = await server.register('native', { redirectUris: ['com.example.app:/cb'] });
  const account = await server.createAccount(username, {
    email: `${username}@mail.example`,
    name: `Name of ${username}`,
  });
  const { refresh_token: first } = await beginFamily(server, app, account);
  clock.pass(40_000);
  const { body } = await refresh(server, app, first);
  clock.pass(40_000);
  await refresh(server, app, body.refresh_token);
  await refresh(server, app, first);
  const ledger = server.get(Ledger);
  const [family] = await ledger.streamsOfKind('family', null, 1);
  const [incident] = await ledger.streamsOfKind('incident', null, 1);
  return {
    familyId: String(family?.streamId.slice('family:'.length)),
    incidentId: String(incident?.streamId.slice('incident:'.length)),
    account,
    app,
    consumed: first,
  };
}

/** Exports a bundle as an operator would. */
export function exportBundle(
  server: HttpServer,
  kind: Selection['kind'],
  id: string,
  chosen: Partial<BundleTerms> = {},
): Promise<ExportedBundle | NoBundle> {
  const terms = { patience: PATIENCE, eventsMax: BUNDLE_EVENTS_MAX, ...chosen };
  return server.get(QueryBus).execute(new ExportBundle({ kind, id }, 'operator', terms));
}

/** The same, where there has to be one. */
export async function bundleOf(
  server: HttpServer,
  kind: Selection['kind'],
  id: string,
  chosen: Partial<BundleTerms> = {},
): Promise<ExportedBundle> {
  const answer = await exportBundle(server, kind, id, chosen);
  if (answer.kind === 'exported') return answer;
  throw new Error(`no bundle: ${answer.reason}`);
}

/** What the checkpoints of a server are verified with, as its operator would publish it. */
export async function verifierKeyOf(server: HttpServer): Promise<string> {
  return (await server.get(Ledger).load('log', '0'))?.verifierKey ?? '';
}

/** The positions in the machine part of a bundle. */
export function positionsIn(file: string): readonly Position[] {
  return [...file.matchAll(/"position":(\d+),"proof"/g)].map(([, digits]) => Number(digits));
}
