import { describe, expect, it } from '@jest/globals';
import { judgeResources } from '../../../src/domain/directory/resource.rules.js';

const issuer = 'https://auth.example';
const any = { issuer, resources: undefined };
const listed = { issuer, resources: ['https://api.example'] };

describe('the resources that a request names', () => {
  it('are sorted, each once', () => {
    expect(judgeResources(['urn:b', 'https://a.example', 'urn:b'], any)).toEqual([
      'https://a.example',
      'urn:b',
    ]);
  });

  it.each([
    ['a fragment', ['https://api.example/#part']],
    ['no scheme', ['/relative']],
    ['free text', ['any text, ana@example.com']],
    ['a character beyond ASCII', ['https://api.example/é']],
    ['too many characters', [`https://api.example/${'x'.repeat(500)}`]],
    ['too many of them', Array.from({ length: 9 }, (_, index) => `urn:${index}`)],
  ])('are refused with %s', (_, named) => {
    expect(judgeResources(named, any)).toBeUndefined();
  });

  it('are the listed ones, the issuer and the operator audience where there is a list', () => {
    const own = [issuer, `${issuer}/admin`];
    expect(judgeResources([...own, 'https://api.example'], listed)).toHaveLength(3);
    expect(judgeResources(['https://other.example'], listed)).toBeUndefined();
  });
});
