import satisfies from 'semver/functions/satisfies.js';
import { CommandRefused } from './failure.js';
import { PACKAGE_MANIFEST } from './package-manifest.js';

/**
 * Throws a CommandRefused where this Node is none of `engines` in package.json. npm only warns of it,
 * and of the versions left out some end the process in the middle of its work: ADR 30.
 */
export function requireNodeVersion(version = process.version): void {
  const { node } = PACKAGE_MANIFEST.engines;
  if (satisfies(version, node, { includePrerelease: true })) return;
  throw new CommandRefused(
    `Node ${version.replace(/^v/, '')} is not supported: it must be ${node}`,
  );
}
