import { readFileSync } from 'node:fs';

/** What package.json says of this program. */
export const PACKAGE_MANIFEST = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { readonly version: string; readonly engines: { readonly node: string } };
