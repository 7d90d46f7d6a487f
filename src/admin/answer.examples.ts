const selector = {
  kind: 'client',
  id: 'u3Yv0mSx1QbN7cKpT5dZEg',
  from: null,
  to: null,
};
const setDigest = 'NMzzoVq9lJAMP5RX3f3rHDgiOklSZ2XbvLy0pYxgNPM';
const marked = {
  tokensNotBefore: '2026-11-21T02:14:06.991Z',
  mark: 'client',
  noMarkBecause: null,
};

const completedExample = {
  id: '5f0c6a3a8f5b4d1f9d7e2b1c0a998877',
  status: 'completed',
  selector,
  position: 1204,
  families: 2,
  clientTokens: 0,
  setDigest,
  ...marked,
  startedAt: '2026-11-21T02:16:40.120Z',
  progress: null,
  result: {
    completedAt: '2026-11-21T02:16:40.164Z',
    families: 2,
    clientTokens: 0,
    setDigest,
    familiesRevoked: 2,
    familiesEnded: 0,
  },
};

/** What a revocation is told like when it is completed. */
export const revocationExample = {
  ...completedExample,
  addressRange: null,
  record: 'eyJhbGciOiJFUzI1NiIsInR5cCI6InJldm9jYXRpb24tcmVjb3JkK2p3dCJ9…',
};

/** What a list of revocations is told like. */
export const revocationListExample = {
  revocations: [completedExample],
  next: '5f0c6a3a8f5b4d1f9d7e2b1c0a998877',
};

/** What a preview is told like. */
export const previewExample = {
  selector,
  addressRange: null,
  position: 1204,
  at: '2026-11-21T02:14:06.990Z',
  counts: { families: 2, familiesEnded: 1, clientTokens: 0 },
  setDigest,
  ...marked,
  reach: {
    accessTokens: 3,
    scopes: [
      { scope: 'offline_access', accessTokens: 2 },
      { scope: 'openid', accessTokens: 3 },
    ],
    audiences: ['https://api.example.com'],
    lastExpiresAt: '2026-11-21T02:23:11.000Z',
  },
  families: [
    {
      id: '019aa3c2b7f07c51a1b2c3d4e5f60718',
      clientId: 'u3Yv0mSx1QbN7cKpT5dZEg',
      subject: 'nD6oMZJyTtiPSlqo14XvbS',
      grantedAt: '2026-11-20T18:02:55.310Z',
    },
  ],
  next: 'cGlubmVkOjEyMDQ',
};

/** What a list of the access tokens in a set is told like. */
export const revocationTokensExample = {
  position: 1204,
  at: '2026-11-21T02:14:06.990Z',
  accessTokens: [
    {
      jti: '019aa3c2b7f07c51a1b2c3d4e5f60718.4',
      familyId: '019aa3c2b7f07c51a1b2c3d4e5f60718',
      clientId: 'u3Yv0mSx1QbN7cKpT5dZEg',
      subject: 'nD6oMZJyTtiPSlqo14XvbS',
      position: 1187,
      issuedAt: '2026-11-21T02:13:10.250Z',
      expiresAt: '2026-11-21T02:23:11.000Z',
      isLive: true,
      isUnexpired: true,
      scope: ['openid', 'offline_access'],
      audience: ['https://api.example.com'],
      signingKeyId: 'y1LzYDLeMNfzeRYq1XkZHFM5ybLVMhP6dHFnVW7l7Zo',
    },
  ],
  next: 'cGlubmVkOjEyMDQ',
};
