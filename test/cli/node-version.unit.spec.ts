import { describe, expect, it } from '@jest/globals';
import { requireNodeVersion } from '../../src/cli/node-version.js';

describe('the version of Node', () => {
  it.each([
    'v20.19.0',
    'v20.20.2',
    'v22.12.0',
    'v22.23.3',
    'v26.9.0',
    'v28.0.0',
    'v29.0.0-nightly1',
  ])('%s is supported', (version) => {
    expect(() => requireNodeVersion(version)).not.toThrow();
  });

  // 24.19 and later end the process when a statement of SQLite is collected.
  it.each(['v18.20.8', 'v20.18.3', 'v22.11.0', 'v24.0.0', 'v24.21.0', 'v25.9.0', 'v26.8.2'])(
    '%s is refused',
    (version) => {
      expect(() => requireNodeVersion(version)).toThrow(
        `Node ${version.slice(1)} is not supported: it must be ^20.19.0 || ^22.12.0 || >=26.9.0`,
      );
    },
  );

  it('is the one that the tests run on', () => {
    expect(() => requireNodeVersion()).not.toThrow();
  });
});
