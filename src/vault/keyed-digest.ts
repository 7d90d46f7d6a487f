import { createHmac } from 'node:crypto';
import type { MasterKeys } from './master-keys.port.js';

/**
 * The digest of a text for one purpose, as base64url: it says nothing to whoever lacks the active master key.
 * Throws an Error when that is unknown.
 */
export function keyedDigest(masterKeys: MasterKeys, purpose: string, text: string): string {
  const { activeKeyId } = masterKeys;
  const key = masterKeys.derive(activeKeyId, purpose);
  if (key === undefined) throw new Error(`the master key ${activeKeyId} is unknown`);
  return createHmac('sha256', key).update(text, 'utf8').digest('base64url');
}
