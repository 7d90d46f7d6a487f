import type { SigningKeyState } from './directory.state.js';

/**
 * The key that new tokens are signed with: of the active ones the youngest, and of those that are
 * equally young always the same; undefined when none is active. A key that is unknown counts as none.
 */
export function keyThatSigns(keys: Iterable<SigningKeyState | undefined>): string | undefined {
  let signing: SigningKeyState | undefined;
  for (const key of keys) {
    if (key?.status !== 'active') continue;
    if (signing === undefined || isYounger(key, signing)) signing = key;
  }
  return signing?.keyId;
}

function isYounger(key: SigningKeyState, other: SigningKeyState): boolean {
  if (key.createdAt !== other.createdAt) return key.createdAt > other.createdAt;
  return key.keyId > other.keyId;
}
