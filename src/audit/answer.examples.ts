const familyId = '019aa3c2b7f07c51a1b2c3d4e5f60718';
const incidentId = '019aa3f0117a7e02b3c4d5e6f7081920';
const clientId = 'wYb0yqP5TRe9o5nCkXh1dA';
const subject = 'Yk3mV8x2QbWc7LrP0sTzNg';
const correlationId = '019aa3f0-1178-7a55-8c1d-0a1b2c3d4e5f';
const at = '2026-11-21T02:14:07.000Z';

/** How far the examples go. */
export const asOfExample = { position: 1206, at };

/** A thief presents a refresh token that was used three generations ago. */
export const eventExample = {
  position: 1204,
  id: '019aa3f0-1179-7b66-9d2e-1b2c3d4e5f60',
  type: 'RefreshTokenReuseDetected',
  version: 1,
  stream: `family:${familyId}`,
  streamVersion: 6,
  at,
  actor: `client:${clientId}`,
  correlationId,
  causationId: null,
  who: { clientId, authenticated: true, method: 'none' },
  origin: { address: '203.0.113.77', userAgent: 'curl/8.9', requestId: correlationId },
  erased: false,
  data: {
    clientId,
    clientAuthenticated: true,
    authMethod: 'none',
    policyRevision: 'mTq0xWkzr3aB',
    receivedAt: 1795227246990,
    kind: 'refresh',
    presentedGeneration: 1,
    currentGeneration: 4,
    gap: 3,
    age: 5_400_000,
    cause: 'superseded_generation',
    incidentId,
  },
};

/** The incident that it opened. */
export const incidentExample = {
  id: incidentId,
  kind: 'refresh_token_reuse',
  at,
  position: 1206,
  familyId,
  familyRevoked: true,
  client: { id: clientId, name: 'Shop' },
  subject,
  verdict: null,
  evidence: eventExample,
};

/** The family that died of it. */
export const familyExample = {
  id: familyId,
  status: 'revoked',
  end: { reason: 'refresh_token_reuse', at, incidentId, revocationId: null },
  blockedBy: null,
  client: { id: clientId, name: 'Shop' },
  subject,
  sessionId: '019aa3c2b6c17d40',
  grantType: 'authorization_code',
  grantedAt: '2026-11-21T00:10:02.112Z',
  scope: ['offline_access', 'openid'],
  resources: [],
  offline: true,
  lineage: {
    generation: 4,
    recentRotations: [
      { generation: 1, at: '2026-11-21T00:20:05.870Z' },
      { generation: 2, at: '2026-11-21T00:44:07.000Z' },
      { generation: 3, at: '2026-11-21T01:10:41.313Z' },
      { generation: 4, at: '2026-11-21T01:52:19.004Z' },
    ],
    accessTokens: 5,
  },
  idleExpiresAt: '2026-12-21T01:52:19.004Z',
  absoluteExpiresAt: '2027-05-20T00:10:02.112Z',
  policy: {
    rotation: 'rotate',
    retryWindowSeconds: 30,
    retryUntilUsed: false,
    idleSeconds: 2_592_000,
    onReuse: 'revoke_family',
    accessTokenLimit: null,
  },
  events: {
    count: 7,
    first: { position: 871, type: 'GrantIssued', at: '2026-11-21T00:10:02.112Z' },
    last: { position: 1205, type: 'FamilyRevoked', at },
  },
};
