import {
  type ConsentView,
  type ErrorView,
  type MessageView,
  type SignInView,
  type SignOutView,
  consentPage,
  errorPage,
  messagePage,
  signInPage,
  signOutPage,
} from '../../../src/interaction/pages/pages.js';

/** A sign-in view in which every text is the given one. */
export function signInView(text: string): SignInView {
  return {
    clientName: text,
    csrfToken: text,
    interaction: text,
    action: `/interaction/sign-in?next=${text}`,
    username: text,
    error: text,
    retryAfterSeconds: 90,
    issuerHost: text,
  };
}

/** A consent view in which every text is the given one. */
export function consentView(text: string): ConsentView {
  return {
    client: { name: text, uri: `https://client.example/${text}`, verified: true, host: text },
    account: { displayName: text },
    scopes: [{ scope: `${text}:scope`, title: text, detail: text }],
    resources: [text],
    accessDuration: text,
    offline: true,
    csrfToken: text,
    interaction: text,
    action: `/interaction/consent?next=${text}`,
    switchAccountUrl: `/interaction/switch?next=${text}`,
  };
}

/** An error view in which every text is the given one. */
export function errorView(text: string): ErrorView {
  return { title: text, message: text, errorCode: text, requestId: text };
}

/** A message view in which every text is the given one. */
export function messageView(text: string): MessageView {
  return {
    title: text,
    message: text,
    link: { href: `/next?to=${text}`, label: text },
    unverifiedName: text,
  };
}

/** A sign-out view in which every text is the given one. */
export function signOutView(text: string): SignOutView {
  return {
    csrfToken: text,
    interaction: text,
    action: `/oauth/logout?to=${text}`,
    displayName: text,
    client: { name: text, verified: false },
    returnsTo: text,
  };
}

/** Every page, rendered from a view in which every text is the given one. */
export const pagesOf = new Map<string, (text: string) => string>([
  ['sign-in', (text) => signInPage(signInView(text))],
  ['consent', (text) => consentPage(consentView(text))],
  [
    'unverified consent',
    (text) => {
      const view = consentView(text);
      return consentPage({ ...view, client: { ...view.client, verified: false } });
    },
  ],
  ['error', (text) => errorPage(errorView(text))],
  ['message', (text) => messagePage(messageView(text))],
  ['sign-out', (text) => signOutPage(signOutView(text))],
]);
