import { describe, expect, it } from '@jest/globals';
import {
  isHomePage,
  isRegisteredPostLogoutUri,
  isRegisteredRedirectUri,
  redirectUriFault,
  redirectUriMatches,
} from '../../../src/domain/directory/redirect-uri.rules.js';

describe('a redirect URI', () => {
  it.each([
    ['https', 'web', 'https://app.example.com/callback'],
    ['https with port, path and query', 'web', 'https://app.example.com:8443/a/b?c=d&e=%20'],
    ['https without a path', 'web', 'https://app.example.com'],
    ['http on localhost', 'web', 'http://localhost:3001/callback'],
    ['http on 127.0.0.1', 'native', 'http://127.0.0.1/callback'],
    ['http on [::1]', 'native', 'http://[::1]:5000/callback'],
    ['a private-use scheme', 'native', 'com.example.app:/oauth2redirect'],
    ['a private-use scheme with two slashes', 'native', 'com.example.app://oauth2redirect'],
    ['https of a native application', 'native', 'https://app.example.com/callback'],
    ['2048 characters', 'web', `https://app.example.com/${'a'.repeat(2024)}`],
  ] as const)('may be %s', (_what, applicationType, uri) => {
    expect(redirectUriFault(uri, applicationType)).toBeUndefined();
  });

  it.each([
    ['no text', '', /characters of a URI/],
    ['a relative reference', '/callback', /absolute/],
    ['a network-path reference', '//app.example.com/callback', /absolute/],
    ['a fragment', 'https://app.example.com/#', /fragment/],
    ['2049 characters', `https://app.example.com/${'a'.repeat(2025)}`, /2048/],
    ['user information', 'https://user:password@app.example.com/', /user information/],
    ['an empty user', 'https://@app.example.com/', /user information/],
    ['a wildcard', 'https://*.example.com/', /wildcard/],
    ['http elsewhere', 'http://app.example.com/callback', /https unless/],
    ['a host that begins like loopback', 'http://127.0.0.1.example.com/', /https unless/],
    ['a host that ends like loopback', 'http://app.localhost/', /https unless/],
    ['another address of the loopback network', 'http://127.0.0.2/', /https unless/],
    ['loopback in disguise', 'http://0x7f.1/', /https unless/],
    ['a line break', 'https://app.example.com/\r\nLocation: x', /characters of a URI/],
    ['a tab', 'https://app.exam\tple.com/', /characters of a URI/],
    ['a NUL', 'https://app.example.com/\0', /characters of a URI/],
    ['a space', 'https://app.example.com/a b', /characters of a URI/],
    ['a backslash', 'https://app.example.com\\@evil.example', /characters of a URI/],
    ['letters beyond ASCII', 'https://exämple.com/', /characters of a URI/],
    ['no host', 'https://', /absolute/],
    ['a port that cannot be', 'https://app.example.com:99999/', /absolute/],
    ['javascript:', 'javascript:alert(1)', /must be https/],
    ['data:', 'data:text/html,hello', /must be https/],
    ['file:', 'file:///etc/passwd', /must be https/],
    ['https: without slashes', 'https:app.example.com', /must be https/],
    ['a scheme without a dot', 'myapp:/callback', /must be https/],
    ['a private-use scheme and nothing else', 'com.example.app:', /must be https/],
  ])('may not be or have %s', (_what, uri, fault) => {
    expect(redirectUriFault(uri, 'native')).toMatch(fault);
  });

  it('may have a private-use scheme only for a native application', () => {
    expect(redirectUriFault('com.example.app:/callback', 'web')).toMatch(/must be https/);
  });
});

describe('a presented redirect URI matches a registered one', () => {
  it.each([
    ['when it is the same', true, 'https://a.example/cb', 'https://a.example/cb'],
    ['not by another path', false, 'https://a.example/cb', 'https://a.example/cb/'],
    ['not by another query', false, 'https://a.example/cb', 'https://a.example/cb?x=1'],
    ['not by another case', false, 'https://a.example/cb', 'https://A.example/cb'],
    ['not by another port on https', false, 'https://a.example/cb', 'https://a.example:444/cb'],
    ['by any port on loopback', true, 'http://127.0.0.1/cb', 'http://127.0.0.1:51004/cb'],
    ['by no port on loopback', true, 'http://127.0.0.1:8080/cb', 'http://127.0.0.1/cb'],
    ['by any port on [::1]', true, 'http://[::1]:1/cb?x=1', 'http://[::1]:65535/cb?x=1'],
    ['not by a port that cannot be', false, 'http://127.0.0.1/cb', 'http://127.0.0.1:65536/cb'],
    ['not by any port on localhost', false, 'http://localhost/cb', 'http://localhost:5000/cb'],
    ['not by the other loopback', false, 'http://127.0.0.1/cb', 'http://[::1]:5000/cb'],
    ['not by another loopback path', false, 'http://127.0.0.1/cb', 'http://127.0.0.1:5000/x'],
    ['not by user information', false, 'http://127.0.0.1/cb', 'http://127.0.0.1:5000@e.example/cb'],
    ['not by a longer host', false, 'http://127.0.0.1/cb', 'http://127.0.0.1.e.example/cb'],
    ['not by a line break', false, 'http://127.0.0.1/cb', 'http://127.0.0.1:5000/cb\n'],
    ['not by loopback for another', false, 'https://a.example/cb', 'http://127.0.0.1:5000/cb'],
  ])('%s', (_how, expected, registered, presented) => {
    expect(redirectUriMatches(registered, presented, 'native')).toBe(expected);
  });

  it('on another port only for a native application', () => {
    const [registered, presented] = ['http://127.0.0.1/cb', 'http://127.0.0.1:5000/cb'];
    expect(redirectUriMatches(registered, presented, 'web')).toBe(false);
  });

  it('when it is any of those that the client registered', () => {
    const client = {
      applicationType: 'web' as const,
      redirectUris: ['https://a.example/one', 'https://a.example/two'],
    };
    expect(isRegisteredRedirectUri(client, 'https://a.example/two')).toBe(true);
    expect(isRegisteredRedirectUri(client, 'https://a.example/three')).toBe(false);
  });
});

describe('where a browser may be sent after signing out', () => {
  const postLogoutRedirectUris = ['https://a.example/bye', 'http://127.0.0.1/bye'];

  it.each([
    ['is a URI registered for that', true, 'https://a.example/bye'],
    ['is none with another query', false, 'https://a.example/bye?x=1'],
    ['is none on another port, not on loopback either', false, 'http://127.0.0.1:5000/bye'],
    ['is none that was registered for something else', false, 'https://a.example/cb'],
  ])('%s', (_what, expected, uri) => {
    expect(isRegisteredPostLogoutUri({ postLogoutRedirectUris }, uri)).toBe(expected);
  });

  it('is nowhere for a client that registered none', () => {
    expect(isRegisteredPostLogoutUri({}, 'https://a.example/bye')).toBe(false);
  });
});

describe('a home page', () => {
  it.each([
    ['https', true, 'https://example.com/about?x=1#top'],
    ['not http', false, 'http://example.com/'],
    ['not javascript:', false, 'javascript:alert(1)'],
    ['not with user information', false, 'https://a@example.com/'],
    ['not with two fragments', false, 'https://example.com/#a#b'],
    ['not with spaces', false, 'https://example.com/ a'],
    ['not what no parser reads', false, 'https://example.com:99999/'],
    ['not absurdly long', false, `https://example.com/${'a'.repeat(2048)}`],
  ])('is %s', (_what, expected, uri) => {
    expect(isHomePage(uri)).toBe(expected);
  });
});
