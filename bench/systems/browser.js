// @ts-check
const STEPS_MAX = 10;

/** As much of a browser as a sign-in needs: it keeps cookies, follows redirects and fills in forms. */
export class Browser {
  /** @type {Map<string, string>} */
  #cookies = new Map();

  /**
   * Opens a page and goes on, filling in each form it meets, until it is sent to `destination`, which
   * it does not open. Answers with the URL that it was sent to.
   * @param {URL} start
   * @param {object} options
   * @param {string} options.destination
   * @param {Readonly<Record<string, string>>} options.answers what to write into fields and press
   */
  async goTo(start, { destination, answers }) {
    let url = start;
    let response = await this.#request(url);
    for (let step = 0; step < STEPS_MAX; step += 1) {
      const location = response.headers.get('location');
      if (location === null) {
        const page = await response.text();
        if (response.status !== 200) throw new Error(`HTTP ${response.status}: ${page}`);
        const form = formOf(page, url, answers);
        url = form.action;
        response = await this.#request(url, form.fields);
      } else {
        url = new URL(location, url);
        if (url.href.startsWith(destination)) return url;
        response = await this.#request(url);
      }
    }
    throw new Error(`no way to ${destination} in ${STEPS_MAX} steps; at ${url.href}`);
  }

  /**
   * @param {URL} url
   * @param {URLSearchParams} [body]
   */
  async #request(url, body) {
    const cookies = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      ...(body === undefined ? {} : { body }),
      headers: { cookie: cookies, origin: url.origin, 'sec-fetch-site': 'same-origin' },
      redirect: 'manual',
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? ['', '', ''];
      this.#cookies.set(name, value);
    }
    return response;
  }
}

/**
 * The page's form as it would be sent: hidden fields as they are, the others from `answers`.
 * @param {string} page
 * @param {URL} url
 * @param {Readonly<Record<string, string>>} answers
 */
function formOf(page, url, answers) {
  const [, attributes, content] = /<form\b([^>]*)>(.*?)<\/form>/s.exec(page) ?? [];
  if (attributes === undefined || content === undefined) throw new Error(`no form:\n${page}`);
  const fields = new URLSearchParams();
  for (const [tag] of content.matchAll(/<(?:input|button)\b[^>]*>/gs)) {
    const name = attribute(tag, 'name');
    if (name === '') continue;
    const isHidden = attribute(tag, 'type') === 'hidden';
    const value = isHidden ? attribute(tag, 'value') : answers[name];
    if (value === undefined) throw new Error(`nothing to answer to the field ${name}`);
    fields.set(name, value);
  }
  return { action: new URL(attribute(attributes, 'action'), url), fields };
}

/**
 * @param {string} tag
 * @param {string} name
 */
function attribute(tag, name) {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? '';
  return value.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
}
