import { Inject, Injectable } from '@nestjs/common';
import { cookieName, readCookie, setCookieHeader } from '../access/cookie-header.js';
import { randomToken } from '../config/random-identifiers.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import { CsrfTokens } from '../tokens/csrf-token.js';

const VALUE = /^[A-Za-z0-9_-]{22}$/;
const LIFETIME_SECONDS = 86_400;

/** A form, and what it is about. */
export interface BoundForm {
  /** A fixed name. */
  readonly purpose: string;
  /** What it is about: the form is refused for anything else. */
  readonly subject: string;
}

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

  /** The token for a form, and the cookie that it belongs to. */
  bind(header: string | undefined, form: BoundForm): BrowserBinding {
    const kept = this.read(header);
    if (kept !== undefined) return { csrfToken: this.tokenOf(form, kept) };
    const value = randomToken(16);
    const { name, secure } = this;
    return {
      csrfToken: this.tokenOf(form, value),
      setCookie: setCookieHeader({ name, value, secure, maxAgeSeconds: LIFETIME_SECONDS }),
    };
  }

  /** Whether a posted form was made for this browser, and about this. */
  isBound(header: string | undefined, form: BoundForm, csrfToken: string): boolean {
    const value = this.read(header);
    if (value === undefined) return false;
    return this.csrfTokens.verify(form.purpose, bindingOf(form, value), csrfToken);
  }

  private tokenOf(form: BoundForm, value: string): string {
    return this.csrfTokens.csrfToken(form.purpose, bindingOf(form, value));
  }

  private read(header: string | undefined): string | undefined {
    const value = readCookie(header, this.name);
    return value !== undefined && VALUE.test(value) ? value : undefined;
  }
}

function bindingOf({ subject }: BoundForm, value: string): string {
  return `${value} ${subject}`;
}
