import { describe, expect, it } from '@jest/globals';
import { type Interaction, InteractionTokens } from '../../src/access/interaction-token.js';
import { SealedTokens } from '../../src/tokens/sealed-token.js';
import { masterKeysOf } from '../tokens/fixed-keys.js';

const NOW = Date.UTC(2026, 10, 2, 9);
const MINUTE = 60_000;
const sealed = new SealedTokens(masterKeysOf({ '1': 1 }));
const interactions = new InteractionTokens(sealed);
const request: Interaction = {
  parameters: { client_id: 'photos', state: 'x y&z', resource: ['https://a.example', 'urn:b'] },
  startedAt: NOW,
};

describe('an authorization request on its way through the browser', () => {
  it.each([
    ['as it began', request],
    ['after a sign-in', { ...request, signedInSessionId: 's1' }],
    [
      'after consent',
      {
        ...request,
        signedInSessionId: 's1',
        consent: { sessionId: 's1', consentId: 'ana.photos' },
      },
    ],
    ['after a denial', { ...request, consent: 'denied' as const }],
  ])('comes back %s', (_when, one) => {
    expect(interactions.unseal(interactions.seal(one), NOW + MINUTE)).toEqual(one);
  });

  it('is good for ten minutes from its start, however often it is sealed', () => {
    const first = interactions.seal(request);
    const again = interactions.seal(interactions.unseal(first, NOW + 9 * MINUTE)!);
    expect(interactions.unseal(again, NOW + 10 * MINUTE - 1)).toEqual(request);
    expect(interactions.unseal(again, NOW + 10 * MINUTE)).toBeUndefined();
  });

  it('cannot be read or forged', () => {
    const text = interactions.seal(request);
    expect(Buffer.from(text, 'base64url').toString('latin1')).not.toContain('photos');
    const other = new InteractionTokens(new SealedTokens(masterKeysOf({ '1': 2 })));
    for (const forged of [
      other.seal(request),
      `${text}A`,
      text.slice(4),
      '',
      '\0',
      'a'.repeat(50_000),
    ]) {
      expect(interactions.unseal(forged, NOW)).toBeUndefined();
    }
  });

  it('is nothing that was sealed for another purpose, or has another shape', () => {
    const expiresAt = NOW + MINUTE;
    const asked = { parameters: {}, startedAt: NOW };
    expect(interactions.unseal(sealed.seal('known-device', asked, expiresAt), NOW)).toBeUndefined();
    expect(interactions.unseal(sealed.seal('interaction', [], expiresAt), NOW)).toBeUndefined();
    expect(interactions.unseal(sealed.seal('interaction', asked, expiresAt), NOW)).toEqual(asked);
  });

  it('is refused when it is absurdly long', () => {
    const parameters = { state: 'a'.repeat(20_000) };
    expect(() => interactions.seal({ parameters, startedAt: NOW })).toThrow(RangeError);
  });
});
