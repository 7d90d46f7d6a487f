import { Inject, Injectable } from '@nestjs/common';
import { cookieName, readCookie, setCookieHeader } from '../access/cookie-header.js';
import { randomToken } from '../config/random-identifiers.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import { CsrfTokens } from '../tokens/csrf-token.js';

const VALUE = /^[A-Za-z0-9_-]{22}$/;
const LIFETIME_SECONDS = 86_400;

/** What binds a form to the browser it was made for. */
export interface BrowserBinding {
  readonly csrfToken: string;
  /** To be sent with the page when the browser had no cookie yet. */
  readonly setCookie?: string;
}

/** Ties forms to browsers before anybody has signed in: a form made for one is refused from another. */
@Injectable()
export class BrowserCookie {
  private readonly name: string;
  private readonly secure: boolean;

  constructor(
    private readonly csrfTokens: CsrfTokens,
    @Inject(SETTINGS) settings: Pick<Settings, 'issuer'>,
  ) {
    this.secure = settings.issuer.startsWith('https:');
    this.name = cookieName('token-ledger-browser', this.secure);
  }

  /** The token for a form, and the cookie that it belongs to. `purpose` is a fixed name. */
  bind(header: string | undefined, purpose: string): BrowserBinding {
    const kept = this.read(header);
    if (kept !== undefined) return { csrfToken: this.csrfTokens.csrfToken(purpose, kept) };
    const value = randomToken(16);
    const { name, secure } = this;
    return {
      csrfToken: this.csrfTokens.csrfToken(purpose, value),
      setCookie: setCookieHeader({ name, value, secure, maxAgeSeconds: LIFETIME_SECONDS }),
    };
  }

  /** Whether a posted form was made for this browser. */
  isBound(header: string | undefined, purpose: string, csrfToken: string): boolean {
    const value = this.read(header);
    return value !== undefined && this.csrfTokens.verify(purpose, value, csrfToken);
  }

  private read(header: string | undefined): string | undefined {
    const value = readCookie(header, this.name);
    return value !== undefined && VALUE.test(value) ? value : undefined;
  }
}
