import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { randomToken } from '../config/random-identifiers.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import type { Instant } from '../domain/identifiers.js';
import { SealedTokens } from '../tokens/sealed-token.js';
import { cookieName, readCookie, setCookieHeader } from './cookie-header.js';

const PURPOSE = 'known-device';
const LIFETIME_SECONDS = 31_536_000;
const ACCOUNTS_MAX = 8;

const knownDevice = z.object({ device: z.string(), accounts: z.array(z.string()) });

/**
 * The cookie of a browser that has signed in before. It proves nothing but that, and to the limits
 * only: whoever has it still needs the password.
 */
@Injectable()
export class KnownDevice {
  private readonly name: string;
  private readonly secure: boolean;

  constructor(
    private readonly sealed: SealedTokens,
    @Inject(SETTINGS) settings: Pick<Settings, 'issuer'>,
  ) {
    this.secure = settings.issuer.startsWith('https:');
    this.name = cookieName('token-ledger-device', this.secure);
  }

  /** The browser's id, if the `Cookie` header proves that it has signed in to this account before. */
  deviceFor(header: string | undefined, accountKey: string, now: Instant): string | undefined {
    const known = this.read(header, now);
    return known?.accounts.includes(accountKey) === true ? known.device : undefined;
  }

  /** The `Set-Cookie` header to answer a successful sign-in with. */
  remember(header: string | undefined, accountKey: string, now: Instant): string {
    const known = this.read(header, now) ?? { device: randomToken(16), accounts: [] };
    const others = known.accounts.filter((account) => account !== accountKey);
    const accounts = [accountKey, ...others].slice(0, ACCOUNTS_MAX);
    const expiresAt = now + LIFETIME_SECONDS * 1000;
    const value = this.sealed.seal(PURPOSE, { device: known.device, accounts }, expiresAt);
    const { name, secure } = this;
    return setCookieHeader({ name, secure, value, maxAgeSeconds: LIFETIME_SECONDS });
  }

  private read(header: string | undefined, now: Instant) {
    const value = readCookie(header, this.name);
    if (value === undefined) return undefined;
    return knownDevice.safeParse(this.sealed.unseal(PURPOSE, value, now)).data;
  }
}
