import { type FormButton, type HtmlForm, readForms, readText } from './http-forms.js';

/** Where a browser has come to. */
export interface Visit {
  readonly url: URL;
  /** True when a redirect led away from the issuer: then nothing was fetched from there. */
  readonly isOutside: boolean;
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
  readonly text: string;
  readonly forms: readonly HtmlForm[];
}

/** Who a browser pretends to be, and how it reaches the issuer. */
export interface BrowserOptions {
  /** Sent as X-Forwarded-For. */
  readonly address?: string;
  readonly userAgent?: string;
  /** Where the issuer really listens, for an issuer behind a proxy that ends TLS. */
  readonly via?: string | undefined;
}

/** What a person types. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

const REDIRECTS_MAX = 10;

/**
 * As much of a browser as a sign-in needs: it keeps cookies, follows redirects within the issuer, and
 * sends forms as they stand on the page. No scripts.
 */
export class HttpBrowser {
  readonly cookies = new Map<string, string>();
  /** The `Set-Cookie` lines of the last visit, redirects included. */
  setCookies: string[] = [];

  constructor(
    private readonly issuer: string,
    private readonly options: BrowserOptions = {},
  ) {}

  /** Opens a URL of the issuer, or a path of it. */
  open(target: string | URL, init: RequestInit = {}): Promise<Visit> {
    this.setCookies = [];
    return this.follow(new URL(target, this.issuer), init);
  }

  /** Sends the only form of a page, with what a person filled in and the button that was pressed. */
  submit(page: Visit, filled: Readonly<Record<string, string>>, button?: string): Promise<Visit> {
    const [form, ...others] = page.forms;
    if (form === undefined || others.length > 0) {
      throw new Error(`${page.url.pathname} has not one form: ${page.status} ${page.text}`);
    }
    const fields = new URLSearchParams([...form.fields]);
    for (const [name, value] of Object.entries(filled)) fields.set(name, value);
    if (button !== undefined) {
      const pressed = buttonNamed(form, button);
      fields.set(pressed.name, pressed.value);
    }
    return this.post(new URL(form.action, page.url), fields);
  }

  /** Posts fields as a form of the issuer's own would. */
  post(target: string | URL, fields: URLSearchParams | Record<string, string>): Promise<Visit> {
    return this.open(target, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { origin: new URL(this.issuer).origin, 'sec-fetch-site': 'same-origin' },
    });
  }

  /** A browser with the same cookies and another address. */
  copy(options: BrowserOptions = this.options): HttpBrowser {
    const other = new HttpBrowser(this.issuer, { ...this.options, ...options });
    for (const [name, value] of this.cookies) other.cookies.set(name, value);
    return other;
  }

  private async follow(start: URL, first: RequestInit): Promise<Visit> {
    let url = start;
    let init = first;
    for (let step = 0; step < REDIRECTS_MAX; step += 1) {
      const response = await this.fetch(url, init);
      const location = response.headers.get('location');
      if (location === null) return visitOf(url, response, await response.text());
      await response.body?.cancel();
      url = new URL(location, url);
      init = {};
      const isOutside = url.origin !== new URL(this.issuer).origin;
      if (isOutside) return { ...visitOf(url, response, ''), isOutside };
    }
    throw new Error(`more than ${REDIRECTS_MAX} redirects, the last to ${url.pathname}`);
  }

  /** One request, with this browser's cookies; redirects are not followed. */
  async fetch(url: URL, init: RequestInit = {}): Promise<Response> {
    const { address, userAgent = 'test browser', via } = this.options;
    const headers = new Headers(init.headers);
    headers.set('user-agent', userAgent);
    if (address !== undefined) headers.set('x-forwarded-for', address);
    if (this.cookies.size > 0) {
      headers.set('cookie', [...this.cookies].map((pair) => pair.join('=')).join('; '));
    }
    const reached = via === undefined ? url : new URL(`${url.pathname}${url.search}`, via);
    const response = await fetch(reached, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) this.keep(line);
    return response;
  }

  private keep(line: string): void {
    this.setCookies.push(line);
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const equals = pair.indexOf('=');
    const name = pair.slice(0, equals);
    if (attributes.includes('Max-Age=0')) this.cookies.delete(name);
    else this.cookies.set(name, pair.slice(equals + 1));
  }
}

/**
 * Goes from an authorization request to where the client is answered: signs in and allows, where it
 * is asked to. Throws an Error with what stands on any other page.
 */
export async function signInAndConsent(
  browser: HttpBrowser,
  request: string | URL,
  credentials: Credentials,
): Promise<URL> {
  let visit = await browser.open(request);
  if (isSignIn(visit)) visit = await browser.submit(visit, { ...credentials });
  if (isConsent(visit)) visit = await browser.submit(visit, {}, 'Allow');
  if (visit.isOutside) return visit.url;
  throw new Error(`stopped at ${visit.url.pathname}: ${visit.status} ${visit.text}`);
}

/** Whether a page asks to sign in. */
export function isSignIn({ forms }: Visit): boolean {
  return forms[0]?.inputs.get('password')?.get('type') === 'password';
}

/** Whether a page asks for consent. */
export function isConsent({ forms }: Visit): boolean {
  return forms[0]?.buttons.some(({ text }) => text === 'Allow') === true;
}

function buttonNamed(form: HtmlForm, text: string): FormButton {
  const found = form.buttons.find((button) => button.text === text);
  if (found === undefined) throw new Error(`no button says ${text}`);
  return found;
}

function visitOf(url: URL, response: Response, html: string): Visit {
  const isPage = response.headers.get('content-type')?.startsWith('text/html') === true;
  return {
    url,
    isOutside: false,
    status: response.status,
    headers: response.headers,
    html,
    text: isPage ? readText(html) : html,
    forms: isPage ? readForms(html) : [],
  };
}
