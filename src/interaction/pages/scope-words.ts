/** What a scope lets an application do, in words that a resource owner understands. */
export interface ScopeWords {
  readonly title: string;
  readonly detail?: string;
}

// A Map, not an object: a scope named "constructor" must find nothing.
const knownScopes: ReadonlyMap<string, ScopeWords> = new Map([
  [
    'openid',
    {
      title: 'Confirm who you are',
      detail: 'It receives a stable identifier for your account, never your password.',
    },
  ],
  [
    'profile',
    { title: 'See your profile', detail: 'Your name and other profile details kept here.' },
  ],
  ['email', { title: 'See your email address', detail: 'And whether it has been confirmed.' }],
  ['address', { title: 'See your postal address' }],
  ['phone', { title: 'See your phone number', detail: 'And whether it has been confirmed.' }],
  [
    'offline_access',
    {
      title: 'Keep its access while you are away',
      detail: 'It can act without you being signed in, until the access ends or is revoked.',
    },
  ],
  [
    'audit:read',
    {
      title: 'Read the audit records',
      detail: 'Grants, refreshes, revocations and incidents of every account on this server.',
    },
  ],
  [
    'replay:run',
    {
      title: 'Replay the ledger',
      detail: 'Reconstruct past states, compare moments in time and export evidence.',
    },
  ],
  [
    'admin',
    {
      title: 'Administer this server',
      detail: 'Change applications and accounts, and revoke the access of anyone.',
    },
  ],
]);

/** Describes a scope in plain words; a scope that nobody described is shown literally. */
export function describeScope(scope: string): ScopeWords {
  return (
    knownScopes.get(scope) ?? {
      title: `Use the permission “${scope}”`,
      detail: 'This server has no description of it. Allow it only if you know what it means.',
    }
  );
}
