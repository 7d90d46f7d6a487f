import type { HttpServer } from '../support/http-server.js';
import { clientToken } from '../audit/audit-stage.js';

/** An access token of somebody who may replay, and read the audit. */
export async function responderToken(server: HttpServer): Promise<string> {
  const responder = await server.registerWith({
    metadata: {
      client_name: 'Responder',
      grant_types: ['client_credentials'],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_basic',
      scope: 'audit:read replay:run',
    },
    firstParty: true,
    operatorScopes: ['audit:read', 'replay:run'],
  });
  return clientToken(server, responder);
}
