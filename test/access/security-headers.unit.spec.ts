import { describe, expect, it } from '@jest/globals';
import { formActionOf, securityHeaders } from '../../src/access/security-headers.js';

describe('the headers of a page', () => {
  it('allow no script, nothing from elsewhere, and no frame', () => {
    expect(securityHeaders({ secure: true })).toEqual({
      'content-security-policy':
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; " +
        "frame-ancestors 'none'; form-action 'self'",
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'same-origin',
      'strict-transport-security': 'max-age=31536000',
    });
  });

  it('promise https only where there is https', () => {
    expect(securityHeaders({ secure: false })).not.toHaveProperty('strict-transport-security');
  });

  it('let forms lead where they are told to', () => {
    const formActions = ['https://photos.example.com', 'com.example.app:'];
    const headers = securityHeaders({ secure: false, formActions });
    expect(headers['content-security-policy']).toMatch(
      /form-action 'self' https:\/\/photos\.example\.com com\.example\.app:$/,
    );
  });

  it.each([
    "https://a.example; script-src 'unsafe-inline'",
    'https://a.example https://b.example',
    "'unsafe-inline'",
    'https://a.example/path',
    '*',
    'https://*.example',
    '',
    'https://a.example\r\nx: y',
  ])('refuse %j as a form action', (source) => {
    expect(() => securityHeaders({ secure: true, formActions: [source] })).toThrow(TypeError);
  });
});

describe('a redirect URI as a form action', () => {
  it.each([
    ['https://photos.example.com/callback?x=1', 'https://photos.example.com'],
    ['https://photos.example.com:8443/callback', 'https://photos.example.com:8443'],
    ['http://127.0.0.1:51004/callback', 'http://127.0.0.1:51004'],
    ['http://[::1]:51004/callback', 'http:'],
    ['com.example.app:/callback', 'com.example.app:'],
  ])('of %s is %s', (redirectUri, source) => {
    expect(formActionOf(redirectUri)).toBe(source);
    expect(() => securityHeaders({ secure: true, formActions: [source] })).not.toThrow();
  });
});
