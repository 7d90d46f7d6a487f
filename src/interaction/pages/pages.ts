import { consentTemplate } from './consent.template.js';
import { displayText } from './display-text.js';
import { durationWords } from './duration-words.js';
import { errorTemplate, messageTemplate, signOutTemplate } from './notice.template.js';
import { compilePage } from './page-layout.js';
import { formTarget, safeLink } from './safe-link.js';
import { signInTemplate } from './sign-in.template.js';

const nameLengthMax = 64;
const sentenceLengthMax = 400;
const literalLengthMax = 200;
const unnamedClient = 'An application without a name';

/** What the sign-in page shows and sends back. */
export interface SignInView {
  readonly clientName: string;
  readonly csrfToken: string;
  readonly interaction: string;
  readonly action: string;
  readonly username?: string;
  readonly error?: string;
  readonly retryAfterSeconds?: number;
  readonly issuerHost: string;
}

/** One permission on the consent page, in plain words. */
export interface ConsentScope {
  readonly scope: string;
  readonly title: string;
  readonly detail?: string;
}

/** The application that asks for consent; `host` is where its redirect URI leads. */
export interface ConsentClient {
  readonly name: string;
  readonly uri?: string;
  readonly verified: boolean;
  readonly host?: string;
}

/** What the consent page shows and sends back; `accessDuration` is in plain words. */
export interface ConsentView {
  readonly client: ConsentClient;
  readonly account: { readonly displayName: string };
  readonly scopes: readonly ConsentScope[];
  readonly resources: readonly string[];
  readonly accessDuration: string;
  readonly offline: boolean;
  readonly csrfToken: string;
  readonly interaction: string;
  readonly action: string;
  readonly switchAccountUrl?: string;
}

/** What the error page shows. */
export interface ErrorView {
  readonly title: string;
  readonly message: string;
  readonly errorCode: string;
  readonly requestId: string;
}

/** What the message page shows; `link` is left out when its target is not a path or http(s) URL. */
export interface MessageView {
  readonly title: string;
  readonly message: string;
  readonly link?: { readonly href: string; readonly label: string };
  /** The name of the client that the link leads to, when it registered itself. */
  readonly unverifiedName?: string;
}

/** What the sign-out page shows and sends back; `returnsTo` is the host that it leads on to. */
export interface SignOutView {
  readonly csrfToken: string;
  readonly interaction: string;
  readonly action: string;
  readonly displayName?: string;
  readonly client?: { readonly name: string; readonly verified: boolean };
  readonly returnsTo?: string;
}

const renderSignIn = compilePage(signInTemplate);
const renderConsent = compilePage(consentTemplate);
const renderError = compilePage(errorTemplate);
const renderMessage = compilePage(messageTemplate);
const renderSignOut = compilePage(signOutTemplate);

function signInAlert(view: SignInView): { message: string; advice?: string } | undefined {
  const mustWait = view.retryAfterSeconds !== undefined && view.retryAfterSeconds > 0;
  if (view.error === undefined && !mustWait) return undefined;
  const message = displayText(
    view.error ?? 'Too many attempts to sign in.',
    sentenceLengthMax,
    'Signing in did not work.',
  );
  if (!mustWait) return { message };
  return { message, advice: `Try again in ${durationWords(view.retryAfterSeconds)}.` };
}

/**
 * Returns the sign-in page as a complete HTML document; its form posts `interaction`, `csrf`,
 * `username` and `password`.
 */
export function signInPage(view: SignInView): string {
  const alert = signInAlert(view);
  const username = view.username ?? '';
  return renderSignIn(alert === undefined ? 'Sign in' : 'Error: Sign in', {
    ...view,
    action: formTarget(view.action),
    alert,
    clientName: displayText(view.clientName, nameLengthMax, unnamedClient),
    focus: username === '' ? 'username' : 'password',
    // Waiting is not a mistake in a field, so only a refused entry is marked as one.
    invalid: view.error !== undefined && alert?.advice === undefined,
    issuerHost: displayText(view.issuerHost, literalLengthMax, 'this server'),
    username,
  });
}

function presentScope({ scope, title, detail }: ConsentScope): Record<string, string | undefined> {
  const literal = displayText(scope, literalLengthMax, 'unreadable scope');
  const titleText = displayText(title, literalLengthMax, literal);
  return {
    title: titleText,
    detail: detail === undefined ? undefined : displayText(detail, sentenceLengthMax, ''),
    literal: titleText.includes(`“${literal}”`) ? undefined : literal,
  };
}

function presentWebsite(uri: string | undefined): { href: string; host: string } | undefined {
  const href = uri === undefined ? undefined : safeLink(uri);
  if (href === undefined || !URL.canParse(href)) return undefined;
  return { href, host: displayText(new URL(href).host, literalLengthMax, href) };
}

function lastingWords(duration: string, offline: boolean): string {
  const words = displayText(duration, nameLengthMax, 'the time that this server allows');
  return offline
    ? `Up to ${words}, also while you are away`
    : `Up to ${words}, or until you sign out`;
}

/**
 * Returns the consent page as a complete HTML document; its form posts `interaction`, `csrf` and
 * `decision`, which is `allow` or `deny`.
 */
export function consentPage(view: ConsentView): string {
  const { client } = view;
  const returnsTo =
    client.host === undefined ? undefined : displayText(client.host, literalLengthMax, 'no host');
  return renderConsent('Allow access?', {
    accountName: displayText(view.account.displayName, nameLengthMax, 'without a name'),
    action: formTarget(view.action),
    clientName: displayText(client.name, nameLengthMax, unnamedClient),
    csrfToken: view.csrfToken,
    interaction: view.interaction,
    lasts: lastingWords(view.accessDuration, view.offline),
    resources: view.resources.map((resource) =>
      displayText(resource, literalLengthMax, 'unreadable resource'),
    ),
    returnsTo,
    // RFC 8252, section 7.3: a native application listens on the loopback interface.
    returnsToDevice: /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/u.test(returnsTo ?? ''),
    scopes: view.scopes.map(presentScope),
    switchAccountUrl:
      view.switchAccountUrl === undefined ? undefined : safeLink(view.switchAccountUrl),
    verified: client.verified,
    website: presentWebsite(client.uri),
  });
}

/** Returns the page for a request that must not be redirected, with what support needs to know. */
export function errorPage(view: ErrorView): string {
  const title = displayText(view.title, nameLengthMax, 'Something went wrong');
  return renderError(`Error: ${title}`, {
    title,
    message: displayText(view.message, sentenceLengthMax, 'This request cannot be answered.'),
    errorCode: displayText(view.errorCode, literalLengthMax, 'unknown'),
    requestId: displayText(view.requestId, literalLengthMax, 'unknown'),
  });
}

/** Returns a page that tells one thing, such as "You are signed out", with an optional way on. */
export function messagePage(view: MessageView): string {
  const title = displayText(view.title, nameLengthMax, 'Done');
  const href = view.link === undefined ? undefined : safeLink(view.link.href);
  const label = displayText(view.link?.label ?? '', literalLengthMax, 'Continue');
  const { unverifiedName } = view;
  return renderMessage(title, {
    title,
    message: displayText(view.message, sentenceLengthMax, ''),
    link: href === undefined ? undefined : { href, label },
    unverifiedName:
      unverifiedName === undefined
        ? undefined
        : displayText(unverifiedName, nameLengthMax, unnamedClient),
  });
}

/**
 * Returns the page that asks before signing out; its form posts `interaction`, `csrf` and `decision`,
 * which is `sign_out` or `stay`.
 */
export function signOutPage(view: SignOutView): string {
  const present = (
    text: string | undefined,
    fallback: string,
    lengthMax = nameLengthMax,
  ): string | undefined =>
    text === undefined ? undefined : displayText(text, lengthMax, fallback);
  return renderSignOut('Sign out?', {
    action: formTarget(view.action),
    csrfToken: view.csrfToken,
    interaction: view.interaction,
    accountName: present(view.displayName, 'an account without a name'),
    clientName: present(view.client?.name, unnamedClient),
    unverified: view.client?.verified === false,
    returnsTo: present(view.returnsTo, 'no host', literalLengthMax),
  });
}
