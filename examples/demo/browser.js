/** A browser without a screen: it keeps cookies, follows redirects and fills in forms. */
export class Browser {
  #cookies = new Map();

  constructor(issuer, headers) {
    this.issuer = issuer;
    this.headers = headers;
  }

  /** Signs in and allows what is asked, if anything is; answers with the redirect to the client. */
  async authorize(url, { username, password }) {
    const signIn = await this.#open(url);
    const next = await this.#submit(signIn, { username, password });
    if (next.location !== undefined) return next.location;
    const redirect = await this.#submit(next, { decision: 'allow' });
    return redirect.location;
  }

  #submit(page, fields) {
    const form = /<form[^>]*action="([^"]+)"/.exec(page.html);
    if (form === null) throw new Error(`there is no form at ${page.url.pathname}`);
    const hidden = [...page.html.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([input]) => [
      /name="([^"]*)"/.exec(input)?.[1],
      /value="([^"]*)"/.exec(input)?.[1],
    ]);
    const body = new URLSearchParams({ ...Object.fromEntries(hidden), ...fields });
    return this.#open(new URL(form[1], page.url), { method: 'POST', body });
  }

  async #open(url, request = {}) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...this.headers, cookie };
    const response = await fetch(url, { ...request, headers, redirect: 'manual' });
    for (const set of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set);
      this.#cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (location === null) return { url: new URL(url), html: await response.text() };
    const next = new URL(location, url);
    return next.origin === new URL(this.issuer).origin ? this.#open(next) : { location: next };
  }
}
