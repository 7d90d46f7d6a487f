import { describe, expect, it } from '@jest/globals';
import { ParameterFault, Parameters } from '../../src/oauth/parameters.js';

describe('the parameters of a request', () => {
  it('are at most a hundred, repeated ones counted, whatever a body has room for', () => {
    expect(Parameters.parse('resource=urn:a&'.repeat(99)).all('resource')).toHaveLength(99);
    expect(() => Parameters.parse('a&'.repeat(32_767))).toThrow(ParameterFault);
  });
});
