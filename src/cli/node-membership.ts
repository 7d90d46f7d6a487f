import type { Logger } from 'pino';
import type { Settings } from '../config/settings.js';
import type { SharedSettings } from '../ledger/postgres/postgres-nodes.js';
import { keyedDigest } from '../vault/keyed-digest.js';
import type { MasterKeys } from '../vault/master-keys.port.js';
import type { Resources } from './resources.js';

const SHARED_SECRETS = 'token-ledger/v1/shared-settings';
/** How often a node says that it lives, in milliseconds. */
const HEARTBEAT_INTERVAL = 10_000;

/** A node among those that share a ledger, until it leaves. */
export interface NodeMembership {
  leave(): Promise<void>;
}

/**
 * Joins the nodes that share the ledger of the settings; undefined where only one server can own it.
 * Throws a LedgerError that names the settings that another living node was told otherwise.
 */
export async function joinNodes(
  { settings, masterKeys }: Pick<Resources, 'settings' | 'masterKeys'>,
  log: Logger,
): Promise<NodeMembership | undefined> {
  const { postgresUrl } = settings;
  if (postgresUrl === undefined) return undefined;
  const { openPostgresNodes } = await import('../ledger/postgres/postgres-nodes.js');
  const nodes = openPostgresNodes(postgresUrl, sharedSettingsOf(settings, masterKeys));
  try {
    await nodes.joinOrRefuse();
  } catch (error) {
    await nodes.close();
    throw error;
  }
  const beat = async (): Promise<void> => {
    try {
      const differing = await nodes.join();
      if (differing.length > 0) log.error({ differing }, 'another node was told otherwise');
    } catch (error) {
      log.warn({ err: error }, 'this node could not say that it lives: it is tried again');
    }
  };
  const timer = setInterval(() => void beat(), HEARTBEAT_INTERVAL).unref();
  return {
    leave: async () => {
      clearInterval(timer);
      // A node that cannot say that it leaves is forgotten by itself.
      await nodes.leave().catch(() => undefined);
      await nodes.close();
    },
  };
}

/** How many nodes live that share the ledger of the settings; none where only one server can own it. */
export async function livingNodes({ postgresUrl }: Settings): Promise<number> {
  if (postgresUrl === undefined) return 0;
  const { openPostgresNodes } = await import('../ledger/postgres/postgres-nodes.js');
  const nodes = openPostgresNodes(postgresUrl, {});
  try {
    return await nodes.countOthers();
  } finally {
    await nodes.close();
  }
}

/** What decides about tokens, by the name of its setting; spans in milliseconds. */
function sharedSettingsOf(settings: Settings, masterKeys: MasterKeys): SharedSettings {
  const { initialAccessToken: token } = settings;
  return {
    TOKEN_LEDGER_ISSUER: settings.issuer,
    TOKEN_LEDGER_REGISTRATION: settings.registration,
    // The database learns nothing from it but whether it is the same.
    TOKEN_LEDGER_INITIAL_ACCESS_TOKEN:
      token === undefined ? null : keyedDigest(masterKeys, SHARED_SECRETS, token),
    TOKEN_LEDGER_RESOURCES: settings.resources?.join(' ') ?? null,
    TOKEN_LEDGER_ACCESS_TOKEN_SECONDS: settings.accessTokenLifetime,
    TOKEN_LEDGER_REFRESH_IDLE_SECONDS: settings.refreshIdleLifetime,
    TOKEN_LEDGER_REFRESH_ABSOLUTE_SECONDS: settings.refreshAbsoluteLifetime,
    TOKEN_LEDGER_SESSION_SECONDS: settings.sessionLifetime,
    TOKEN_LEDGER_CODE_SECONDS: settings.codeLifetime,
    TOKEN_LEDGER_RETRY_WINDOW_SECONDS: settings.retryWindow,
    TOKEN_LEDGER_SEAL_SECONDS: settings.sealInterval,
    TOKEN_LEDGER_PUBLIC_CHECKPOINTS: String(settings.publicCheckpoints),
  };
}
