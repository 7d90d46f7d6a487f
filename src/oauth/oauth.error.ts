/** The error codes of RFC 6749, 4.1.2.1 and 5.2, RFC 6750, 7591, 8707 and OIDC Core, 3.1.2.6. */
export type OAuthErrorCode =
  | 'access_denied'
  | 'consent_required'
  | 'interaction_required'
  | 'invalid_client'
  | 'invalid_client_metadata'
  | 'invalid_grant'
  | 'invalid_redirect_uri'
  | 'invalid_request'
  | 'invalid_scope'
  | 'invalid_target'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'login_required'
  | 'request_not_supported'
  | 'request_uri_not_supported'
  | 'registration_not_supported'
  | 'server_error'
  | 'temporarily_unavailable'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type';

const statusOf: Partial<Record<OAuthErrorCode, number>> = {
  invalid_client: 401,
  invalid_token: 401,
  insufficient_scope: 403,
  server_error: 500,
  temporarily_unavailable: 503,
};

/** More of an error than its code. */
export interface OAuthErrorOptions {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/**
 * An OAuth error on its way to the client: a code for the machine, one sentence for a person, and
 * nothing that would help an attacker. What really happened is in the ledger and the log.
 */
export class OAuthError extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly error: OAuthErrorCode,
    readonly description: string,
    { status, headers, cause }: OAuthErrorOptions = {},
  ) {
    super(`${error}: ${description}`, { cause });
    this.name = 'OAuthError';
    this.status = status ?? statusOf[error] ?? 400;
    this.headers = headers ?? {};
  }

  /** The description as it stands on a page. */
  get sentence(): string {
    return `${this.description.charAt(0).toUpperCase()}${this.description.slice(1)}.`;
  }

  /** The body of the answer (RFC 6749, 5.2). */
  toJSON(): { error: string; error_description: string } {
    return { error: this.error, error_description: this.description };
  }
}
