import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { z } from 'zod';

/** A setting is missing or wrong. The message is one line that names it. */
export class SettingsError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SettingsError';
  }
}

const wholeNumber = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .refine(
      (value) => value >= minimum && value <= maximum,
      `must be between ${minimum} and ${maximum}`,
    );

const seconds = (minimum: number, maximum: number, standard: number) =>
  wholeNumber(minimum, maximum).default(standard);

const list = z.string().transform((text) => text.split(/[\s,]+/).filter((entry) => entry !== ''));

const absoluteUri = (text: string): boolean => URL.canParse(text) && !text.includes('#');

const issuerUrl = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
    message: 'must be an http or https URL',
  })
  .refine((text) => !/[?#]/.test(text), { message: 'must have no query and no fragment' })
  .refine((text) => !text.endsWith('/'), { message: 'must not end with a slash' })
  .refine((text) => new URL(text).pathname === '/', { message: 'must have no path' });

const YEAR_SECONDS = 31_536_000;

const environmentSchema = z.object({
  PORT: wholeNumber(0, 65_535).default(3000),
  HOST: z.string().default('localhost'),
  TOKEN_LEDGER_ISSUER: issuerUrl.optional(),
  TOKEN_LEDGER_DATA_DIR: z.string().default('data'),
  TOKEN_LEDGER_DATABASE: z
    .string()
    .refine((text) => text.startsWith('sqlite:'), 'must begin with sqlite:')
    .optional(),
  TOKEN_LEDGER_MASTER_KEY: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}$/, 'must be 32 bytes as base64url (43 characters)')
    .optional(),
  TOKEN_LEDGER_MASTER_KEY_FILE: z.string().default('keys/master.key'),
  TOKEN_LEDGER_ADMIN_PASSWORD: z.string().min(12, 'must have at least 12 characters').optional(),
  TOKEN_LEDGER_REGISTRATION: z
    .enum(['off', 'token', 'open'], 'must be off, token or open')
    .default('token'),
  TOKEN_LEDGER_INITIAL_ACCESS_TOKEN: z
    .string()
    .min(16, 'must have at least 16 characters')
    .optional(),
  TOKEN_LEDGER_RESOURCES: list
    .refine((uris) => uris.every(absoluteUri), 'must be absolute URIs without a fragment')
    .optional(),
  TOKEN_LEDGER_ACCESS_TOKEN_SECONDS: seconds(10, 86_400, 600),
  TOKEN_LEDGER_REFRESH_IDLE_SECONDS: seconds(60, 10 * YEAR_SECONDS, 2_592_000),
  TOKEN_LEDGER_REFRESH_ABSOLUTE_SECONDS: seconds(60, 10 * YEAR_SECONDS, 15_552_000),
  TOKEN_LEDGER_SESSION_SECONDS: seconds(60, YEAR_SECONDS, 43_200),
  TOKEN_LEDGER_CODE_SECONDS: seconds(5, 600, 60),
  TOKEN_LEDGER_RETRY_WINDOW_SECONDS: seconds(0, 60, 30),
  TOKEN_LEDGER_TRUSTED_PROXIES: list.optional(),
  TOKEN_LEDGER_LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info'),
});

/** Everything the service can be told, validated. Spans are in milliseconds, paths absolute. */
export interface Settings {
  readonly port: number;
  readonly host: string;
  /** The issuer's URL, without a slash at its end. */
  readonly issuer: string;
  readonly dataDirectory: string;
  readonly ledgerFile: string;
  /** 32 bytes as base64url, from the environment; undefined: read or make the key file. */
  readonly masterKey: string | undefined;
  readonly masterKeyFile: string;
  readonly adminPassword: string | undefined;
  readonly registration: 'off' | 'token' | 'open';
  readonly initialAccessToken: string | undefined;
  /** Resources and audiences that may be asked for; undefined: any. */
  readonly resources: readonly string[] | undefined;
  readonly accessTokenLifetime: number;
  readonly refreshIdleLifetime: number;
  readonly refreshAbsoluteLifetime: number;
  readonly sessionLifetime: number;
  readonly codeLifetime: number;
  readonly retryWindow: number;
  readonly trustedProxies: readonly string[];
  readonly logLevel: string;
  /** Names this token policy in every event that was decided under it. */
  readonly policyRevision: string;
}

/**
 * Reads settings from environment variables. An empty variable counts as absent. Throws a
 * SettingsError of one line that names the first wrong variable, and never its value.
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const present = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = environmentSchema.safeParse(present);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new SettingsError(`${issue?.path.join('.')} ${issue?.message ?? 'is wrong'}`);
  }
  refuseUnknown(present);
  return settingsOf(parsed.data);
}

function refuseUnknown(environment: Readonly<Record<string, unknown>>): void {
  const unknown = Object.keys(environment).find(
    (name) => name.startsWith('TOKEN_LEDGER_') && !(name in environmentSchema.shape),
  );
  if (unknown !== undefined) throw new SettingsError(`${unknown} is not a setting`);
}

function settingsOf(values: z.infer<typeof environmentSchema>): Settings {
  const dataDirectory = resolve(values.TOKEN_LEDGER_DATA_DIR);
  const masterKeyFile = resolve(values.TOKEN_LEDGER_MASTER_KEY_FILE);
  if (`${masterKeyFile}/`.startsWith(`${dataDirectory}/`)) {
    throw new SettingsError('TOKEN_LEDGER_MASTER_KEY_FILE must be outside TOKEN_LEDGER_DATA_DIR');
  }
  const policy = {
    accessTokenLifetime: values.TOKEN_LEDGER_ACCESS_TOKEN_SECONDS * 1000,
    refreshIdleLifetime: values.TOKEN_LEDGER_REFRESH_IDLE_SECONDS * 1000,
    refreshAbsoluteLifetime: values.TOKEN_LEDGER_REFRESH_ABSOLUTE_SECONDS * 1000,
    codeLifetime: values.TOKEN_LEDGER_CODE_SECONDS * 1000,
    retryWindow: values.TOKEN_LEDGER_RETRY_WINDOW_SECONDS * 1000,
  };
  if (values.PORT === 0 && values.TOKEN_LEDGER_ISSUER === undefined) {
    throw new SettingsError('TOKEN_LEDGER_ISSUER must be set when PORT is 0');
  }
  const database = values.TOKEN_LEDGER_DATABASE?.slice('sqlite:'.length);
  return {
    port: values.PORT,
    host: values.HOST,
    issuer: values.TOKEN_LEDGER_ISSUER ?? `http://localhost:${values.PORT}`,
    dataDirectory,
    ledgerFile: resolve(database ?? `${dataDirectory}/ledger.sqlite`),
    masterKey: values.TOKEN_LEDGER_MASTER_KEY,
    masterKeyFile,
    adminPassword: values.TOKEN_LEDGER_ADMIN_PASSWORD,
    registration: values.TOKEN_LEDGER_REGISTRATION,
    initialAccessToken: values.TOKEN_LEDGER_INITIAL_ACCESS_TOKEN,
    resources: values.TOKEN_LEDGER_RESOURCES,
    ...policy,
    sessionLifetime: values.TOKEN_LEDGER_SESSION_SECONDS * 1000,
    trustedProxies: values.TOKEN_LEDGER_TRUSTED_PROXIES ?? [],
    logLevel: values.TOKEN_LEDGER_LOG_LEVEL,
    policyRevision: revisionOf(policy),
  };
}

function revisionOf(policy: object): string {
  return createHash('sha256').update(JSON.stringify(policy)).digest('base64url').slice(0, 12);
}
