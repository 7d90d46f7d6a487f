import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import type { Instant } from '../domain/identifiers.js';
import { TokenCodec } from '../tokens/token-codec.js';
import { cookieName, readCookie, setCookieHeader } from './cookie-header.js';

/** The cookie that carries a browser's session: a token of the codec, so it cannot be forged. */
@Injectable()
export class SessionCookie {
  /** `__Host-token-ledger-session` on https. */
  readonly name: string;
  private readonly secure: boolean;

  constructor(
    private readonly codec: TokenCodec,
    @Inject(SETTINGS) settings: Pick<Settings, 'issuer'>,
  ) {
    this.secure = settings.issuer.startsWith('https:');
    this.name = cookieName('token-ledger-session', this.secure);
  }

  /** The session id in a `Cookie` header, if we made it; whether the session stands is not said. */
  sessionId(header: string | undefined): string | undefined {
    const value = readCookie(header, this.name);
    return value === undefined ? undefined : this.codec.decode('session', value)?.id;
  }

  /** The `Set-Cookie` header of a session that was just started. */
  set(session: { readonly token: string; readonly expiresAt: Instant }, now: Instant): string {
    const maxAgeSeconds = Math.max(0, Math.floor((session.expiresAt - now) / 1000));
    const { name, secure } = this;
    return setCookieHeader({ name, secure, value: session.token, maxAgeSeconds });
  }

  /** The `Set-Cookie` header that removes it. */
  remove(): string {
    const { name, secure } = this;
    return setCookieHeader({ name, secure, value: '', maxAgeSeconds: 0 });
  }
}
