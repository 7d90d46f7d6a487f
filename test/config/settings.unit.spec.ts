import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  readSettings,
  SETTING_NAMES,
  type Settings,
  SettingsError,
} from '../../src/config/settings.js';

type Cases = readonly (readonly [name: string, value: string, expected: Partial<Settings>])[];

const KEY = 'A'.repeat(43);

const defaults: readonly (readonly [name: string, expected: Partial<Settings>])[] = [
  ['PORT', { port: 3000 }],
  ['HOST', { host: 'localhost' }],
  ['TOKEN_LEDGER_ISSUER', { issuer: 'http://localhost:3000' }],
  ['TOKEN_LEDGER_DATA_DIR', { dataDirectory: resolve('data') }],
  ['TOKEN_LEDGER_DATABASE', { ledgerFile: resolve('data/ledger.sqlite'), postgresUrl: undefined }],
  ['TOKEN_LEDGER_DATABASE_OWNER', { postgresOwnerUrl: undefined }],
  ['TOKEN_LEDGER_MASTER_KEY', { masterKey: undefined }],
  ['TOKEN_LEDGER_MASTER_KEY_FILE', { masterKeyFile: resolve('keys/master.key') }],
  ['TOKEN_LEDGER_CHECKPOINT_FILE', { checkpointFile: resolve('keys/data.checkpoints') }],
  ['TOKEN_LEDGER_VIEWS_FILE', { viewsFile: undefined }],
  ['TOKEN_LEDGER_ADMIN_PASSWORD', { adminPassword: undefined }],
  ['TOKEN_LEDGER_REGISTRATION', { registration: 'token' }],
  ['TOKEN_LEDGER_INITIAL_ACCESS_TOKEN', { initialAccessToken: undefined }],
  ['TOKEN_LEDGER_RESOURCES', { resources: undefined }],
  ['TOKEN_LEDGER_ACCESS_TOKEN_SECONDS', { accessTokenLifetime: 600_000 }],
  ['TOKEN_LEDGER_REFRESH_IDLE_SECONDS', { refreshIdleLifetime: 30 * 86_400_000 }],
  ['TOKEN_LEDGER_REFRESH_ABSOLUTE_SECONDS', { refreshAbsoluteLifetime: 180 * 86_400_000 }],
  ['TOKEN_LEDGER_SESSION_SECONDS', { sessionLifetime: 12 * 3_600_000 }],
  ['TOKEN_LEDGER_CODE_SECONDS', { codeLifetime: 60_000 }],
  ['TOKEN_LEDGER_RETRY_WINDOW_SECONDS', { retryWindow: 30_000 }],
  ['TOKEN_LEDGER_SEAL_SECONDS', { sealInterval: 5000 }],
  ['TOKEN_LEDGER_PUBLIC_CHECKPOINTS', { publicCheckpoints: false }],
  ['TOKEN_LEDGER_TRUSTED_PROXIES', { trustedProxies: [] }],
  ['TOKEN_LEDGER_LOG_LEVEL', { logLevel: 'info' }],
];

const valid: Cases = [
  ['PORT', '8080', { port: 8080, issuer: 'http://localhost:8080' }],
  ['PORT', '80', { port: 80, issuer: 'http://localhost' }],
  ['HOST', '0.0.0.0', { host: '0.0.0.0' }],
  ['TOKEN_LEDGER_ISSUER', 'https://auth.example', { issuer: 'https://auth.example' }],
  ['TOKEN_LEDGER_ISSUER', 'http://[::1]:3000', { issuer: 'http://[::1]:3000' }],
  [
    'TOKEN_LEDGER_DATA_DIR',
    '/var/lib/token-ledger',
    {
      dataDirectory: '/var/lib/token-ledger',
      ledgerFile: '/var/lib/token-ledger/ledger.sqlite',
    },
  ],
  ['TOKEN_LEDGER_DATABASE', 'sqlite:/srv/l.sqlite', { ledgerFile: '/srv/l.sqlite' }],
  ['TOKEN_LEDGER_DATABASE', 'sqlite:l.sqlite', { ledgerFile: resolve('l.sqlite') }],
  ...['postgres://u:secret@db.example/tokens', 'postgresql:///tokens?host=/run/postgresql'].map(
    (url) => ['TOKEN_LEDGER_DATABASE', url, { postgresUrl: url }] as const,
  ),
  ['TOKEN_LEDGER_DATABASE_OWNER', 'postgres://o@db/t', { postgresOwnerUrl: 'postgres://o@db/t' }],
  ['TOKEN_LEDGER_MASTER_KEY', KEY, { masterKey: KEY }],
  ['TOKEN_LEDGER_MASTER_KEY_FILE', '/etc/tl.key', { masterKeyFile: '/etc/tl.key' }],
  ['TOKEN_LEDGER_MASTER_KEY_FILE', 'data.key', { masterKeyFile: resolve('data.key') }],
  [
    'TOKEN_LEDGER_DATA_DIR',
    '/srv/data',
    {
      checkpointFile: expect.stringMatching(
        /keys\/data-[0-9a-f]{8}\.checkpoints$/,
      ) as unknown as string,
    },
  ],
  ['TOKEN_LEDGER_DATA_DIR', 'other', { checkpointFile: resolve('keys/other.checkpoints') }],
  ['TOKEN_LEDGER_CHECKPOINT_FILE', '/srv/a.log', { checkpointFile: '/srv/a.log' }],
  ['TOKEN_LEDGER_VIEWS_FILE', 'then.sqlite', { viewsFile: resolve('then.sqlite') }],
  ['TOKEN_LEDGER_ADMIN_PASSWORD', 'twelve chars', { adminPassword: 'twelve chars' }],
  ['TOKEN_LEDGER_REGISTRATION', 'off', { registration: 'off' }],
  ['TOKEN_LEDGER_REGISTRATION', 'open', { registration: 'open' }],
  [
    'TOKEN_LEDGER_INITIAL_ACCESS_TOKEN',
    'sixteen-letters-=',
    { initialAccessToken: 'sixteen-letters-=' },
  ],
  ['TOKEN_LEDGER_RESOURCES', 'https://api, urn:x', { resources: ['https://api', 'urn:x'] }],
  ['TOKEN_LEDGER_ACCESS_TOKEN_SECONDS', '10', { accessTokenLifetime: 10_000 }],
  ['TOKEN_LEDGER_REFRESH_IDLE_SECONDS', '60', { refreshIdleLifetime: 60_000 }],
  ['TOKEN_LEDGER_REFRESH_ABSOLUTE_SECONDS', '60', { refreshAbsoluteLifetime: 60_000 }],
  ['TOKEN_LEDGER_SESSION_SECONDS', '60', { sessionLifetime: 60_000 }],
  ['TOKEN_LEDGER_CODE_SECONDS', '5', { codeLifetime: 5000 }],
  ['TOKEN_LEDGER_RETRY_WINDOW_SECONDS', '0', { retryWindow: 0 }],
  ['TOKEN_LEDGER_SEAL_SECONDS', '60', { sealInterval: 60_000 }],
  ['TOKEN_LEDGER_PUBLIC_CHECKPOINTS', 'true', { publicCheckpoints: true }],
  [
    'TOKEN_LEDGER_TRUSTED_PROXIES',
    'loopback 10.0.0.0/8,fd00::1',
    { trustedProxies: ['loopback', '10.0.0.0/8', 'fd00::1'] },
  ],
  ['TOKEN_LEDGER_LOG_LEVEL', 'silent', { logLevel: 'silent' }],
];

const invalid: readonly (readonly [name: string, value: string, complaint: string])[] = [
  ['PORT', '3000.5', 'must be a whole number between 0 and 65535'],
  ['PORT', '-1', 'must be a whole number between 0 and 65535'],
  ['PORT', '65536', 'must be between 0 and 65535'],
  ['TOKEN_LEDGER_ISSUER', 'auth.example', 'must be an http or https URL'],
  ['TOKEN_LEDGER_ISSUER', 'ftp://auth.example', 'must be an http or https URL'],
  ['TOKEN_LEDGER_ISSUER', 'https://auth.example?a', 'must have no query and no fragment'],
  ['TOKEN_LEDGER_ISSUER', 'https://auth.example#a', 'must have no query and no fragment'],
  ['TOKEN_LEDGER_ISSUER', 'https://auth.example/', 'must not end with a slash'],
  ['TOKEN_LEDGER_ISSUER', 'https://auth.example/tenant', 'must have no path'],
  ...['https://Auth.example', 'https://auth.example:443', 'https://me:secret@auth.example'].map(
    (value) =>
      [
        'TOKEN_LEDGER_ISSUER',
        value,
        'must be only scheme, host and port, in lower case and without the default port',
      ] as const,
  ),
  ...[
    'postgres://db',
    'postgres://u:12/geheim@host/db',
    'mysql://db/tokens',
    'sqlite:',
    'tokens',
  ].map(
    (value) =>
      [
        'TOKEN_LEDGER_DATABASE',
        value,
        'must be sqlite: and the path of a file, or a postgres:// URL',
      ] as const,
  ),
  ...[
    'sqlite:l',
    'postgres://u:12/geheim@host/db',
    'postgres://u:12?geheim@host/db',
    'postgres://u:12#geheim@host/db',
  ].map(
    (value) =>
      ['TOKEN_LEDGER_DATABASE_OWNER', value, 'must be a postgres:// URL with a database'] as const,
  ),
  ['TOKEN_LEDGER_MASTER_KEY', 'short', 'must be 32 bytes as base64url (43 characters)'],
  ['TOKEN_LEDGER_MASTER_KEY', `${KEY}=`, 'must be 32 bytes as base64url (43 characters)'],
  ['TOKEN_LEDGER_MASTER_KEY_FILE', 'data/master.key', 'must be outside TOKEN_LEDGER_DATA_DIR'],
  ['TOKEN_LEDGER_CHECKPOINT_FILE', 'data/a.log', 'must be outside TOKEN_LEDGER_DATA_DIR'],
  ['TOKEN_LEDGER_SEAL_SECONDS', '0', 'must be between 1 and 3600'],
  ['TOKEN_LEDGER_PUBLIC_CHECKPOINTS', 'yes', 'must be true or false'],
  ['TOKEN_LEDGER_ADMIN_PASSWORD', 'elevenchars', 'must have at least 12 characters'],
  ['TOKEN_LEDGER_ADMIN_PASSWORD', 'ä'.repeat(513), 'must have at most 1024 bytes'],
  ['TOKEN_LEDGER_REGISTRATION', 'yes', 'must be off, token or open'],
  ...['short', 'a token with spaces in it', 'a'.repeat(513)].map(
    (value) =>
      [
        'TOKEN_LEDGER_INITIAL_ACCESS_TOKEN',
        value,
        'must be 16 to 512 of the characters A-Z a-z 0-9 . _ ~ + / -',
      ] as const,
  ),
  ['TOKEN_LEDGER_RESOURCES', ' , ', 'must name at least one resource'],
  ['TOKEN_LEDGER_RESOURCES', 'https://api#x', 'must be absolute URIs without a fragment'],
  ['TOKEN_LEDGER_RESOURCES', 'https://api /x', 'must be absolute URIs without a fragment'],
  ['TOKEN_LEDGER_ACCESS_TOKEN_SECONDS', '9', 'must be between 10 and 86400'],
  ['TOKEN_LEDGER_REFRESH_IDLE_SECONDS', '59', 'must be between 60 and 315360000'],
  [
    'TOKEN_LEDGER_REFRESH_ABSOLUTE_SECONDS',
    '1e9',
    'must be a whole number between 60 and 315360000',
  ],
  ['TOKEN_LEDGER_SESSION_SECONDS', '31536001', 'must be between 60 and 31536000'],
  ['TOKEN_LEDGER_CODE_SECONDS', '601', 'must be between 5 and 600'],
  ['TOKEN_LEDGER_RETRY_WINDOW_SECONDS', '61', 'must be between 0 and 60'],
  ...['proxy.example', '10.0.0.0/33', '10.0.0.0/0', '::1/129', '10.0.0.1/'].map(
    (value) =>
      [
        'TOKEN_LEDGER_TRUSTED_PROXIES',
        value,
        'must be addresses, networks such as 10.0.0.0/8, or loopback, linklocal, uniquelocal',
      ] as const,
  ),
  ['TOKEN_LEDGER_LOG_LEVEL', 'verbose', 'must be fatal, error, warn, info, debug, trace or silent'],
];

describe('settings', () => {
  it('each have their default in this table', () => {
    expect(defaults.map(([name]) => name)).toEqual(SETTING_NAMES);
  });

  it.each(defaults)('%s has its default, also when it is empty', (name, expected) => {
    expect(readSettings({})).toMatchObject(expected);
    expect(readSettings({ [name]: '' })).toMatchObject(expected);
  });

  it('each have a valid value in this table', () => {
    expect([...new Set(valid.map(([name]) => name))]).toEqual(SETTING_NAMES);
  });

  it('name the role that owns a PostgreSQL database beside the role that uses it', () => {
    const settings = readSettings({
      TOKEN_LEDGER_DATABASE: 'postgres://runtime@db/tokens',
      TOKEN_LEDGER_DATABASE_OWNER: 'postgres://owner@db/tokens',
    });
    expect(settings).toMatchObject({
      postgresUrl: 'postgres://runtime@db/tokens',
      postgresOwnerUrl: 'postgres://owner@db/tokens',
    });
  });

  it.each([
    undefined,
    'sqlite:data/ledger.sqlite',
    'postgres://runtime@db/token',
    'postgres://runtime@db/tokens2',
  ])('name no owner of another database than %s', (database) => {
    const environment = {
      TOKEN_LEDGER_DATABASE: database,
      TOKEN_LEDGER_DATABASE_OWNER: 'postgres://owner:hunter2@db/tokens',
    };
    const refused = new SettingsError(
      'TOKEN_LEDGER_DATABASE_OWNER must name the same PostgreSQL database as TOKEN_LEDGER_DATABASE',
    );
    expect(() => readSettings(environment)).toThrow(refused);
  });

  it.each(valid)('%s can be %s', (name, value, expected) => {
    const database = name === 'TOKEN_LEDGER_DATABASE_OWNER' ? 'postgres://runtime@db/t' : '';
    const environment = { TOKEN_LEDGER_DATABASE: database, [name]: value };
    expect(readSettings(environment)).toMatchObject(expected);
  });

  it.each(invalid)('%s cannot be %j', (name, value, complaint) => {
    const refused = new SettingsError(`${name} ${complaint}`);
    expect(() => readSettings({ [name]: value })).toThrow(refused);
  });

  it('are refused when a name is unknown, unless it is empty or not ours', () => {
    expect(() => readSettings({ TOKEN_LEDGER_ISUER: 'https://auth.example' })).toThrow(
      new SettingsError('TOKEN_LEDGER_ISUER is not a setting'),
    );
    const others = { TOKEN_LEDGER_ISUER: '', OTHER: 'x', TOKEN_LEDGERS: 'x' };
    expect(readSettings(others)).toEqual(readSettings({}));
  });

  it('need an issuer where the port is chosen by the system', () => {
    const anyPort = { PORT: '0' };
    expect(() => readSettings(anyPort)).toThrow(
      new SettingsError('TOKEN_LEDGER_ISSUER must be set when PORT is 0'),
    );
    expect(readSettings({ ...anyPort, TOKEN_LEDGER_ISSUER: 'http://a' }).port).toBe(0);
  });

  it('let no refresh token outlast its family, unused', () => {
    const absolute = { TOKEN_LEDGER_REFRESH_ABSOLUTE_SECONDS: '3600' };
    expect(readSettings(absolute).refreshIdleLifetime).toBe(3_600_000);
    const same = { ...absolute, TOKEN_LEDGER_REFRESH_IDLE_SECONDS: '3600' };
    expect(readSettings(same).refreshIdleLifetime).toBe(3_600_000);
    const longer = { ...absolute, TOKEN_LEDGER_REFRESH_IDLE_SECONDS: '3601' };
    expect(() => readSettings(longer)).toThrow(
      new SettingsError(
        'TOKEN_LEDGER_REFRESH_IDLE_SECONDS must be at most TOKEN_LEDGER_REFRESH_ABSOLUTE_SECONDS (3600)',
      ),
    );
  });

  it('name another policy revision exactly when the token policy differs', () => {
    const { policyRevision } = readSettings({});
    expect(readSettings({ PORT: '8080' }).policyRevision).toBe(policyRevision);
    const other = readSettings({ TOKEN_LEDGER_RETRY_WINDOW_SECONDS: '10' });
    expect(other.policyRevision).not.toBe(policyRevision);
  });
});
