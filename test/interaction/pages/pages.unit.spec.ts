import { describe, expect, it } from '@jest/globals';

import {
  consentPage,
  errorPage,
  messagePage,
  signInPage,
  signOutPage,
} from '../../../src/interaction/pages/pages.js';
import { stylesheet, stylesheetPath } from '../../../src/interaction/pages/stylesheet.js';
import { onlyElement, readElements, readText } from './html-reading.js';
import { consentView, errorView, messageView, pagesOf, signInView } from './view-examples.js';

const hostileTexts = [
  `"><script>steal()</script>`,
  `'><img src=x onerror=steal()>`,
  `" autofocus onfocus="steal()`,
  `</title><style>*{}</style>`,
  `<%= process.env %>`,
  `&lt;b&gt;`,
];

describe.each([...pagesOf])('every page: %s', (_name, render) => {
  const html = render('Ada');
  const elements = readElements(html);

  it.each(hostileTexts)('keeps its elements and attributes when every text is %s', (text) => {
    const shape = (page: string): string[] =>
      readElements(page).map(({ name, attributes }) => `${name} ${[...attributes.keys()].join()}`);
    expect(shape(render(text))).toEqual(shape(html));
    expect(readText(render(text))).toContain(text);
  });

  it('works under a policy without inline style, inline script and foreign assets', () => {
    expect(elements.filter(({ name }) => ['script', 'style', 'iframe'].includes(name))).toEqual([]);
    const attributeNames = elements.flatMap(({ attributes }) => [...attributes.keys()]);
    expect(attributeNames.filter((name) => name === 'style' || name.startsWith('on'))).toEqual([]);
    const links = elements.filter(({ name }) => name === 'link');
    expect(links.map(({ attributes }) => attributes.get('href')?.slice(0, 8))).toEqual([
      'data:ima',
      '/assets/',
    ]);
    expect(onlyElement(html, 'link', 'rel', 'stylesheet').attributes.get('href')).toBe(
      stylesheetPath,
    );
  });

  it('says its language, scale, colour schemes and that robots must not index it', () => {
    expect(html.startsWith('<!doctype html>\n<html lang="en">')).toBe(true);
    const content = (name: string): string | undefined =>
      onlyElement(html, 'meta', 'name', name).attributes.get('content');
    expect(content('viewport')).toBe('width=device-width, initial-scale=1');
    expect(content('color-scheme')).toBe('light dark');
    expect(content('robots')).toBe('noindex');
    expect(content('referrer')).toBe('same-origin');
  });

  it('has one of each landmark and one first heading', () => {
    const count = (wanted: string): number => elements.filter(({ name }) => name === wanted).length;
    expect(['title', 'header', 'main', 'footer', 'h1'].map(count)).toEqual([1, 1, 1, 1, 1]);
  });

  it('refers only to ids that exist once, and labels every visible input', () => {
    const ids = elements.flatMap(({ attributes }) => attributes.get('id') ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { attributes } of elements) {
      for (const key of ['for', 'aria-describedby', 'aria-labelledby']) {
        const target = attributes.get(key);
        if (target !== undefined) expect(ids).toContain(target);
      }
    }
    for (const { name, attributes } of elements) {
      if (name !== 'input' || attributes.get('type') === 'hidden') continue;
      onlyElement(html, 'label', 'for', attributes.get('id') ?? 'an input without an id');
    }
  });

  it('uses only classes that the stylesheet knows', () => {
    const classes = elements.flatMap(({ attributes }) => attributes.get('class')?.split(' ') ?? []);
    const unknown = classes.filter(
      (name) => !new RegExp(`\\.${name}(?![\\w-])`, 'u').test(stylesheet),
    );
    expect(unknown).toEqual([]);
  });
});

describe('signInPage', () => {
  const fresh = signInPage({
    clientName: 'Harbor',
    csrfToken: 'c1',
    interaction: 'i1',
    action: '/interaction/sign-in',
    issuerHost: 'id.example',
  });
  const refused = signInPage({ ...signInView('ada'), error: 'Wrong.', retryAfterSeconds: 0 });

  it('posts the hidden values to its action', () => {
    const form = onlyElement(fresh, 'form', 'method', 'post');
    expect(form.attributes.get('action')).toBe('/interaction/sign-in');
    expect(onlyElement(fresh, 'input', 'name', 'csrf').attributes.get('value')).toBe('c1');
    expect(onlyElement(fresh, 'input', 'name', 'interaction').attributes.get('value')).toBe('i1');
  });

  it('lets password managers and phone keyboards do the right thing', () => {
    const username = onlyElement(fresh, 'input', 'name', 'username').attributes;
    expect(username.get('autocomplete')).toBe('username');
    expect(username.get('autocapitalize')).toBe('none');
    expect(username.get('spellcheck')).toBe('false');
    const password = onlyElement(fresh, 'input', 'name', 'password').attributes;
    expect(password.get('type')).toBe('password');
    expect(password.get('autocomplete')).toBe('current-password');
    expect(password.has('value')).toBe(false);
  });

  it('shows no alert and starts at the username when nothing went wrong', () => {
    expect(fresh).not.toContain('role="alert"');
    expect(fresh).not.toContain('aria-invalid');
    expect(onlyElement(fresh, 'input', 'name', 'username').attributes.has('autofocus')).toBe(true);
    expect(onlyElement(fresh, 'input', 'name', 'password').attributes.has('autofocus')).toBe(false);
  });

  it('puts the alert before the fields that it describes and starts at the password', () => {
    expect(onlyElement(refused, 'div', 'role', 'alert').attributes.get('id')).toBe('sign-in-error');
    expect(refused.indexOf('role="alert"')).toBeLessThan(refused.indexOf('<form'));
    for (const name of ['username', 'password']) {
      const field = onlyElement(refused, 'input', 'name', name).attributes;
      expect(field.get('aria-describedby')).toBe('sign-in-error');
      expect(field.get('aria-invalid')).toBe('true');
    }
    expect(onlyElement(refused, 'input', 'name', 'password').attributes.has('autofocus')).toBe(
      true,
    );
    expect(refused).toContain('<title>Error: Sign in');
    expect(readText(refused)).not.toContain('Try again in');
  });

  it('says how long to wait without calling a field wrong', () => {
    const waiting = signInPage(signInView('ada'));
    expect(readText(waiting)).toContain('Try again in 1 minute and 30 seconds.');
    expect(waiting).not.toContain('aria-invalid');
  });

  it('refuses to send a password anywhere but to a path or http(s) URL', () => {
    for (const action of ['javascript:steal()', '//evil.example/', '/\t/evil.example/', '']) {
      expect(() => signInPage({ ...signInView('a'), action })).toThrow(TypeError);
    }
  });
});

describe('consentPage', () => {
  const view = consentView('Harbor');
  const text = readText(consentPage(view));

  it('names the client, the account, the permission, the time and the destination', () => {
    for (const part of [
      'Harbor wants access',
      'to your account Harbor',
      'Scope: Harbor:scope',
      'Up to Harbor, also while you are away',
      'Returns to Harbor',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('offers Allow and Deny as one decision, in that order', () => {
    const buttons = readElements(consentPage(view)).filter(({ name }) => name === 'button');
    expect(buttons.map(({ attributes }) => attributes.get('name'))).toEqual([
      'decision',
      'decision',
    ]);
    expect(buttons.map(({ attributes }) => attributes.get('value'))).toEqual(['allow', 'deny']);
    expect(buttons[0]?.attributes.get('class')).toContain('button-primary');
  });

  it('warns of a self-registered client and does not link to its website', () => {
    const html = consentPage({ ...view, client: { ...view.client, verified: false } });
    expect(readText(html)).toContain('Unverified');
    expect(html).not.toContain('href="https://client.example/');
    expect(readText(html)).toContain('client.example, as it claims');
    expect(text).not.toContain('Unverified');
    expect(consentPage(view)).toContain('href="https://client.example/');
  });

  it('tells a program on this device from a website', () => {
    const returning = (host: string): string =>
      readText(consentPage({ ...view, client: { ...view.client, host } }));
    expect(returning('127.0.0.1:51823')).toContain('a program on this device, 127.0.0.1:51823');
    expect(returning('[::1]:51823')).toContain('a program on this device');
    expect(returning('127.0.0.1.evil.example')).not.toContain('a program on this device');
  });

  it('ends with the session when access is not offline', () => {
    const html = consentPage({ ...view, accessDuration: '12 hours', offline: false });
    expect(readText(html)).toContain('Up to 12 hours, or until you sign out');
  });

  it('leaves out links that are not to a path or website', () => {
    const html = consentPage({
      ...view,
      client: { ...view.client, uri: 'javascript:steal()' },
      switchAccountUrl: '//evil.example',
    });
    expect(html).not.toMatch(/steal|evil|<a /u);
  });

  it('cuts a name that would fill the screen', () => {
    const html = consentPage({ ...view, client: { ...view.client, name: 'n'.repeat(5000) } });
    expect(html).not.toContain('n'.repeat(64));
    expect(html).toContain(`${'n'.repeat(63)}…`);
  });
});

describe('the other pages', () => {
  it('give support the error code and the request', () => {
    const text = readText(
      errorPage({ ...errorView('Bad link'), errorCode: 'invalid_client', requestId: 'r-7' }),
    );
    expect(text).toContain('invalid_client');
    expect(text).toContain('r-7');
  });

  it('never lead on from an error', () => {
    expect(errorPage(errorView('Bad'))).not.toMatch(/<a |<form|http-equiv/u);
  });

  it('show a message without its link when the link is unsafe', () => {
    const html = messagePage({ ...messageView('Done'), link: { href: 'data:x', label: 'Go' } });
    expect(html).not.toContain('<a ');
    expect(messagePage(messageView('Done'))).toContain('href="/next?to=Done"');
  });

  it('ask before signing out, also when nothing is known', () => {
    const html = signOutPage({ csrfToken: 'c9', interaction: 'i9', action: '/oauth/logout' });
    expect(onlyElement(html, 'input', 'name', 'interaction').attributes.get('value')).toBe('i9');
    expect(onlyElement(html, 'input', 'name', 'csrf').attributes.get('value')).toBe('c9');
    expect(onlyElement(html, 'button', 'value', 'sign_out').attributes.get('name')).toBe(
      'decision',
    );
    expect(onlyElement(html, 'button', 'value', 'stay').attributes.get('name')).toBe('decision');
    expect(readText(html)).not.toMatch(/signed in as|asks to|Leads on to|Unverified/u);
  });

  it('say before signing out where that leads, and whether anybody has checked who asks', () => {
    const asked = { csrfToken: 'c9', interaction: 'i9', action: '/oauth/logout' };
    const returnsTo = 'photos.example';
    const text = (verified: boolean): string =>
      readText(signOutPage({ ...asked, client: { name: 'Photos', verified }, returnsTo }));
    expect(text(true)).toContain('Leads on to photos.example');
    expect(text(true)).not.toContain('Unverified');
    expect(text(false)).toContain('Unverified Nobody here has checked this application');
  });

  it('name the whole host of a link, and who registered itself', () => {
    const host = `accounts.bank.example.${'a'.repeat(60)}.evil.example`;
    const link = { href: `https://${host}/`, label: `Continue to ${host}` };
    const page = messagePage({ title: 'Done', message: 'Done.', link, unverifiedName: 'Bank' });
    expect(readText(page)).toContain(`Continue to ${host}`);
    expect(readText(page)).toContain('Bank registered itself');
    expect(readText(messagePage({ title: 'Done', message: 'Done.', link }))).not.toContain(
      'Unverified',
    );
  });
});
