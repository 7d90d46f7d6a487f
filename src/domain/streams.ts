import {
  evolveAccount,
  evolveClient,
  evolveClientToken,
  evolveConsent,
  evolveIncident,
  evolveProject,
  evolveSession,
  evolveSigningKey,
  type Folded,
} from './directory/directory.evolve.js';
import type {
  AccountState,
  ClientState,
  ClientTokenState,
  ConsentState,
  IncidentState,
  ProjectState,
  SessionState,
  SigningKeyState,
} from './directory/directory.state.js';
import type { Instant, StreamKind } from './identifiers.js';
import { evolveLog } from './log/log.evolve.js';
import type { LogState } from './log/log.state.js';
import { evolveRevocation } from './revocation/revocation.evolve.js';
import type { RevocationState } from './revocation/revocation.state.js';
import { evolveFamily } from './token-family/family.evolve.js';
import type { FamilyState } from './token-family/family.state.js';

/** The state that a stream of each kind folds to. */
export interface StateByKind {
  account: AccountState;
  administration: AdministrationState;
  client: ClientState;
  client_token: ClientTokenState;
  consent: ConsentState;
  family: FamilyState;
  incident: IncidentState;
  log: LogState;
  project: ProjectState;
  revocation: RevocationState;
  session: SessionState;
  signing_key: SigningKeyState;
}

/** The state of a stream of `Kind`. */
export type StateOf<Kind extends StreamKind> = StateByKind[Kind];

/** The administration stream only counts; its events are the record. */
export interface AdministrationState {
  readonly count: number;
  readonly lastAt: Instant;
}

type Evolve<Kind extends StreamKind> = (
  state: StateOf<Kind> | undefined,
  event: Folded<Kind>,
) => StateOf<Kind>;

const evolveByKind: { readonly [Kind in StreamKind]: Evolve<Kind> } = {
  account: evolveAccount,
  administration: (state, event) => ({ count: (state?.count ?? 0) + 1, lastAt: event.recordedAt }),
  client: evolveClient,
  client_token: evolveClientToken,
  consent: evolveConsent,
  family: evolveFamily,
  incident: evolveIncident,
  log: evolveLog,
  project: evolveProject,
  revocation: evolveRevocation,
  session: evolveSession,
  signing_key: evolveSigningKey,
};

/** Kinds whose changes grow the directory's version, so that cached copies stay exact. */
export const DIRECTORY_KINDS: ReadonlySet<StreamKind> = new Set([
  'account',
  'client',
  'project',
  'signing_key',
]);

/** Folds one event into the state of its stream, whatever its kind. */
export function evolve<Kind extends StreamKind>(
  kind: Kind,
  state: StateOf<Kind> | undefined,
  event: Folded<Kind>,
): StateOf<Kind> {
  return evolveByKind[kind](state, event);
}

/** What unique keys exist beside the ids of streams. */
export type DirectoryKeyKind = 'username';

/** A key that one stream of a project holds, and no other can. */
export interface DirectoryKey {
  readonly keyKind: DirectoryKeyKind;
  readonly key: string;
}

const NO_KEYS: readonly DirectoryKey[] = [];

const keysByKind: {
  readonly [Kind in StreamKind]?: (state: StateOf<Kind>) => readonly DirectoryKey[];
} = {
  account: ({ usernameDigest }) => [{ keyKind: 'username', key: usernameDigest }],
};

/**
 * The unique keys that a state holds. What a stream held once it holds for ever, an account that was
 * erased its name too: a fold never takes a key back.
 */
export function uniqueKeysOf<Kind extends StreamKind>(
  kind: Kind,
  state: StateOf<Kind>,
): readonly DirectoryKey[] {
  return keysByKind[kind]?.(state) ?? NO_KEYS;
}

/** What a stream is looked up by, besides its id: whose it is and which client's. */
export function ownersOf(state: StateByKind[StreamKind]): {
  subjectId: string | null;
  clientId: string | null;
} {
  const owned = state as { subject?: string; clientId?: string };
  return { subjectId: owned.subject ?? null, clientId: owned.clientId ?? null };
}
