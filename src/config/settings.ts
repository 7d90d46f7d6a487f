import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { PASSWORD_BYTES_MAX } from './password-limits.js';

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
    .regex(/^\d+$/, `must be a whole number between ${minimum} and ${maximum}`)
    .transform(Number)
    .refine(
      (value) => value >= minimum && value <= maximum,
      `must be between ${minimum} and ${maximum}`,
    );

const seconds = (minimum: number, maximum: number, standard: number) =>
  wholeNumber(minimum, maximum).default(standard);

const oneOf = <const Words extends readonly [string, string, ...string[]]>(words: Words) =>
  z.enum(words, `must be ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`);

const list = z.string().transform((text) => text.split(/[\s,]+/).filter((entry) => entry !== ''));

const absoluteUri = (text: string): boolean => URL.canParse(text) && !text.includes('#');

function issuerFault(text: string): string | undefined {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    return 'must be an http or https URL';
  }
  if (/[?#]/.test(text)) return 'must have no query and no fragment';
  if (text.endsWith('/')) return 'must not end with a slash';
  const { pathname, origin } = new URL(text);
  if (pathname !== '/') return 'must have no path';
  // Clients compare it character by character (OIDC Core, 3.1.3.7), so that only one spelling will do.
  return origin === text
    ? undefined
    : 'must be only scheme, host and port, in lower case and without the default port';
}

const issuerUrl = z.string().superRefine((text, context) => {
  const message = issuerFault(text);
  if (message !== undefined) context.addIssue(message);
});

const PROXY_NAMES = ['loopback', 'linklocal', 'uniquelocal'];

function isProxy(text: string): boolean {
  if (PROXY_NAMES.includes(text)) return true;
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const bitsMax = { 4: 32, 6: 128 }[isIP(address)];
  if (bitsMax === undefined) return false;
  return bits === undefined || (Number(bits) >= 1 && Number(bits) <= bitsMax);
}

/**
 * Whether a text is the URL of a PostgreSQL database. An @ behind the host belongs to a password with a
 * slash, question mark or hash sign that is not percent-encoded: that is none.
 */
export function isPostgresUrl(text: string): boolean {
  if (!/^postgres(?:ql)?:\/\//.test(text) || !URL.canParse(text)) return false;
  const { pathname, search, hash } = new URL(text);
  return pathname.length > 1 && !`${pathname}${search}${hash}`.includes('@');
}

/** A database as a person may read it: host and name, without user, password and parameters. */
export function databaseName(postgresUrl: string | URL): string {
  const { host, pathname } = new URL(postgresUrl);
  return `${host}${pathname}`;
}

const isDatabase = (text: string): boolean => /^sqlite:./.test(text) || isPostgresUrl(text);

/** RFC 6750, 2.1: what can stand in an Authorization header. */
const BEARER_TOKEN = /^[A-Za-z0-9._~+/-]{16,512}={0,2}$/;
const YEAR_SECONDS = 31_536_000;
const IDLE_SECONDS_STANDARD = 2_592_000;

const environmentSchema = z.object({
  PORT: wholeNumber(0, 65_535).default(3000),
  HOST: z.string().default('localhost'),
  TOKEN_LEDGER_ISSUER: issuerUrl.optional(),
  TOKEN_LEDGER_DATA_DIR: z.string().default('data'),
  TOKEN_LEDGER_DATABASE: z
    .string()
    .refine(isDatabase, 'must be sqlite: and the path of a file, or a postgres:// URL')
    .optional(),
  TOKEN_LEDGER_DATABASE_OWNER: z
    .string()
    .refine(isPostgresUrl, 'must be a postgres:// URL with a database')
    .optional(),
  TOKEN_LEDGER_MASTER_KEY: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}$/, 'must be 32 bytes as base64url (43 characters)')
    .optional(),
  TOKEN_LEDGER_MASTER_KEY_FILE: z.string().default('keys/master.key'),
  TOKEN_LEDGER_CHECKPOINT_FILE: z.string().optional(),
  TOKEN_LEDGER_VIEWS_FILE: z.string().optional(),
  TOKEN_LEDGER_ADMIN_PASSWORD: z
    .string()
    .min(12, 'must have at least 12 characters')
    .refine(
      (text) => Buffer.byteLength(text, 'utf8') <= PASSWORD_BYTES_MAX,
      `must have at most ${PASSWORD_BYTES_MAX} bytes`,
    )
    .optional(),
  TOKEN_LEDGER_REGISTRATION: oneOf(['off', 'token', 'open']).default('token'),
  TOKEN_LEDGER_INITIAL_ACCESS_TOKEN: z
    .string()
    .regex(BEARER_TOKEN, 'must be 16 to 512 of the characters A-Z a-z 0-9 . _ ~ + / -')
    .optional(),
  TOKEN_LEDGER_RESOURCES: list
    .refine((uris) => uris.length > 0, 'must name at least one resource')
    .refine((uris) => uris.every(absoluteUri), 'must be absolute URIs without a fragment')
    .optional(),
  TOKEN_LEDGER_ACCESS_TOKEN_SECONDS: seconds(10, 86_400, 600),
  TOKEN_LEDGER_REFRESH_IDLE_SECONDS: wholeNumber(60, 10 * YEAR_SECONDS).optional(),
  TOKEN_LEDGER_REFRESH_ABSOLUTE_SECONDS: seconds(60, 10 * YEAR_SECONDS, 15_552_000),
  TOKEN_LEDGER_SESSION_SECONDS: seconds(60, YEAR_SECONDS, 43_200),
  TOKEN_LEDGER_CODE_SECONDS: seconds(5, 600, 60),
  TOKEN_LEDGER_RETRY_WINDOW_SECONDS: seconds(0, 60, 30),
  TOKEN_LEDGER_SEAL_SECONDS: seconds(1, 3600, 5),
  TOKEN_LEDGER_PUBLIC_CHECKPOINTS: oneOf(['true', 'false']).default('false'),
  TOKEN_LEDGER_TRUSTED_PROXIES: list
    .refine(
      (proxies) => proxies.every(isProxy),
      `must be addresses, networks such as 10.0.0.0/8, or ${PROXY_NAMES.join(', ')}`,
    )
    .optional(),
  TOKEN_LEDGER_LOG_LEVEL: oneOf([
    'fatal',
    'error',
    'warn',
    'info',
    'debug',
    'trace',
    'silent',
  ]).default('info'),
});

/** The environment variables that are settings, in the order of the documentation. */
export const SETTING_NAMES: readonly string[] = Object.keys(environmentSchema.shape);

/** Everything the service can be told, validated. Spans are in milliseconds, paths absolute. */
export interface Settings {
  readonly port: number;
  readonly host: string;
  /** The issuer's URL, without a slash at its end. */
  readonly issuer: string;
  readonly dataDirectory: string;
  /** The ledger on SQLite; it counts for nothing when there is a `postgresUrl`. */
  readonly ledgerFile: string;
  /** The PostgreSQL that ledger and vault are in, shared with other nodes. It may hold a password. */
  readonly postgresUrl: string | undefined;
  /** The same database as the role that owns the tables, when it is another: to make and migrate them. */
  readonly postgresOwnerUrl: string | undefined;
  /** 32 bytes as base64url, from the environment; undefined: read or make the key file. */
  readonly masterKey: string | undefined;
  readonly masterKeyFile: string;
  /** Where every signed checkpoint of the ledger is repeated, outside the data directory. */
  readonly checkpointFile: string;
  /** Views of one past state that a server answers audit reads from; undefined: it follows its ledger. */
  readonly viewsFile: string | undefined;
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
  /** How often the ledger is sealed at most while it grows. */
  readonly sealInterval: number;
  /** Whether checkpoints and hash tiles are for everybody; they reveal how much happens. */
  readonly publicCheckpoints: boolean;
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
  const checkpointFile = resolve(
    values.TOKEN_LEDGER_CHECKPOINT_FILE ??
      checkpointFileBeside(dirname(masterKeyFile), dataDirectory),
  );
  refuseInside(dataDirectory, 'TOKEN_LEDGER_MASTER_KEY_FILE', masterKeyFile);
  refuseInside(dataDirectory, 'TOKEN_LEDGER_CHECKPOINT_FILE', checkpointFile);
  const policy = {
    accessTokenLifetime: values.TOKEN_LEDGER_ACCESS_TOKEN_SECONDS * 1000,
    refreshIdleLifetime: idleSecondsOf(values) * 1000,
    refreshAbsoluteLifetime: values.TOKEN_LEDGER_REFRESH_ABSOLUTE_SECONDS * 1000,
    codeLifetime: values.TOKEN_LEDGER_CODE_SECONDS * 1000,
    retryWindow: values.TOKEN_LEDGER_RETRY_WINDOW_SECONDS * 1000,
  };
  if (values.PORT === 0 && values.TOKEN_LEDGER_ISSUER === undefined) {
    throw new SettingsError('TOKEN_LEDGER_ISSUER must be set when PORT is 0');
  }
  const { TOKEN_LEDGER_DATABASE: database, TOKEN_LEDGER_DATABASE_OWNER: owner } = values;
  const postgresUrl = database !== undefined && isPostgresUrl(database) ? database : undefined;
  refuseOtherDatabase(postgresUrl, owner);
  const file = postgresUrl === undefined ? database?.slice('sqlite:'.length) : undefined;
  return {
    port: values.PORT,
    host: values.HOST,
    issuer: values.TOKEN_LEDGER_ISSUER ?? new URL(`http://localhost:${values.PORT}`).origin,
    dataDirectory,
    ledgerFile: resolve(file ?? `${dataDirectory}/ledger.sqlite`),
    postgresUrl,
    postgresOwnerUrl: owner,
    masterKey: values.TOKEN_LEDGER_MASTER_KEY,
    masterKeyFile,
    checkpointFile,
    viewsFile: values.TOKEN_LEDGER_VIEWS_FILE && resolve(values.TOKEN_LEDGER_VIEWS_FILE),
    adminPassword: values.TOKEN_LEDGER_ADMIN_PASSWORD,
    registration: values.TOKEN_LEDGER_REGISTRATION,
    initialAccessToken: values.TOKEN_LEDGER_INITIAL_ACCESS_TOKEN,
    resources: values.TOKEN_LEDGER_RESOURCES,
    ...policy,
    sessionLifetime: values.TOKEN_LEDGER_SESSION_SECONDS * 1000,
    sealInterval: values.TOKEN_LEDGER_SEAL_SECONDS * 1000,
    publicCheckpoints: values.TOKEN_LEDGER_PUBLIC_CHECKPOINTS === 'true',
    trustedProxies: values.TOKEN_LEDGER_TRUSTED_PROXIES ?? [],
    logLevel: values.TOKEN_LEDGER_LOG_LEVEL,
    policyRevision: revisionOf(policy),
  };
}

/** A proxy may stand before the one and not before the other: only the databases' names must be the same. */
function refuseOtherDatabase(postgresUrl: string | undefined, ownerUrl: string | undefined): void {
  if (ownerUrl === undefined) return;
  const nameOf = (url: string): string => new URL(url).pathname;
  if (postgresUrl !== undefined && nameOf(postgresUrl) === nameOf(ownerUrl)) return;
  throw new SettingsError(
    'TOKEN_LEDGER_DATABASE_OWNER must name the same PostgreSQL database as TOKEN_LEDGER_DATABASE',
  );
}

/** The standard gives way to a shorter absolute span; two that were set must fit. */
function idleSecondsOf(values: z.infer<typeof environmentSchema>): number {
  const idle = values.TOKEN_LEDGER_REFRESH_IDLE_SECONDS;
  const absolute = values.TOKEN_LEDGER_REFRESH_ABSOLUTE_SECONDS;
  if (idle === undefined) return Math.min(IDLE_SECONDS_STANDARD, absolute);
  if (idle <= absolute) return idle;
  throw new SettingsError(
    'TOKEN_LEDGER_REFRESH_IDLE_SECONDS must be at most ' +
      `TOKEN_LEDGER_REFRESH_ABSOLUTE_SECONDS (${absolute})`,
  );
}

/** What is lost or put back together with the data could not show that they are old. */
function refuseInside(dataDirectory: string, name: string, file: string): void {
  if (!`${file}/`.startsWith(`${dataDirectory}/`)) return;
  throw new SettingsError(`${name} must be outside TOKEN_LEDGER_DATA_DIR`);
}

/**
 * A file named after the data directory: two of them must not share one, though their names be the
 * same. Moved together with the keys, it is found again.
 */
function checkpointFileBeside(keyDirectory: string, dataDirectory: string): string {
  const name = basename(dataDirectory);
  const way = relative(keyDirectory, dataDirectory);
  const digest = createHash('sha256').update(way).digest('hex').slice(0, 8);
  const told = way === join('..', name) ? name : `${name}-${digest}`;
  return join(keyDirectory, `${told}.checkpoints`);
}

function revisionOf(policy: object): string {
  return createHash('sha256').update(JSON.stringify(policy)).digest('base64url').slice(0, 12);
}
