import { Injectable } from '@nestjs/common';
import { ClientSecrets } from '../directory/client-secrets.js';
import { DirectoryReader } from '../directory/directory.reader.js';
import type { ClientState } from '../domain/directory/directory.state.js';
import { type Caller, isAuthenticated } from '../domain/token-family/family.decision.js';
import { OAuthError } from './oauth.error.js';
import type { Parameters } from './parameters.js';

/** How a client presented itself, as it came over the wire. */
interface PresentedCredentials {
  readonly clientId: string;
  readonly authMethod: Caller['authMethod'];
  readonly secret?: string | undefined;
}

const BASIC = /^Basic ([A-Za-z0-9+/]+={0,2})$/i;

/** Reads how a client presents itself (RFC 6749, 2.3.1; OIDC Core, 9). */
@Injectable()
export class ClientAuthentication {
  constructor(
    private readonly directory: DirectoryReader,
    private readonly secrets: ClientSecrets,
  ) {}

  /**
   * Who the client says it is, and which secret it proved. Whether that is enough is decided with the
   * request. Throws an OAuthError when it says nothing, or several things at once.
   */
  async caller(authorization: string | undefined, parameters: Parameters): Promise<Caller> {
    const presented = presentedCredentials(authorization, parameters);
    const { clientId, authMethod, secret } = presented;
    if (secret === undefined) return { clientId, authMethod };
    return this.proven(presented, await this.directory.client(clientId));
  }

  /** The client that asks, authenticated and active. Throws an OAuthError `invalid_client`. */
  async client(
    authorization: string | undefined,
    parameters: Parameters,
    now: number,
  ): Promise<{ client: ClientState; caller: Caller }> {
    const presented = presentedCredentials(authorization, parameters);
    const client = await this.directory.client(presented.clientId);
    const caller = await this.proven(presented, client);
    if (client?.status !== 'active' || !isAuthenticated(caller, client, now)) {
      throw invalidClient(caller);
    }
    return { client, caller };
  }

  private async proven(
    { clientId, authMethod, secret }: PresentedCredentials,
    client: ClientState | undefined,
  ): Promise<Caller> {
    const provenSecretId =
      client === undefined || secret === undefined
        ? undefined
        : await this.secrets.provenSecretId(client, secret);
    return { clientId, authMethod, provenSecretId };
  }
}

/** The refusal of a client; names the scheme that it tried (RFC 6749, 5.2). */
export function invalidClient(caller: Pick<Caller, 'authMethod'>): OAuthError {
  return new OAuthError('invalid_client', 'client authentication failed', {
    headers:
      caller.authMethod === 'client_secret_basic'
        ? { 'www-authenticate': 'Basic realm="token-ledger"' }
        : {},
  });
}

function presentedCredentials(
  authorization: string | undefined,
  parameters: Parameters,
): PresentedCredentials {
  const clientId = parameters.get('client_id');
  const secret = parameters.get('client_secret');
  const assertion = parameters.get('client_assertion');
  if (authorization !== undefined && /^Basic\b/i.test(authorization)) {
    if (secret !== undefined || assertion !== undefined) {
      throw new OAuthError('invalid_request', 'use one method of client authentication');
    }
    return basicCredentials(authorization, clientId);
  }
  if (assertion !== undefined || clientId === undefined) {
    throw new OAuthError('invalid_client', 'client authentication failed');
  }
  return secret === undefined
    ? { clientId, authMethod: 'none' }
    : { clientId, authMethod: 'client_secret_post', secret };
}

function basicCredentials(
  authorization: string,
  bodyClientId: string | undefined,
): PresentedCredentials {
  const encoded = BASIC.exec(authorization)?.[1];
  const text = Buffer.from(encoded ?? '', 'base64').toString('utf8');
  const colon = text.indexOf(':');
  const clientId = formDecode(text.slice(0, Math.max(0, colon)));
  const secret = formDecode(text.slice(colon + 1));
  if (colon === -1 || clientId === undefined || secret === undefined || clientId === '') {
    throw invalidClient({ authMethod: 'client_secret_basic' });
  }
  if (bodyClientId !== undefined && bodyClientId !== clientId) {
    throw new OAuthError('invalid_request', 'client_id differs from the authenticated client');
  }
  return { clientId, authMethod: 'client_secret_basic', secret };
}

function formDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
