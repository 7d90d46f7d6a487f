import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where in the files below a directory these texts stand, as they are or in UTF-16. */
export function placesOf(directory: string, texts: readonly string[]): readonly string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .flatMap((entry) => {
      const file = join(entry.parentPath, entry.name);
      const bytes = readFileSync(file);
      return texts
        .filter((text) => bytes.includes(text) || bytes.includes(Buffer.from(text, 'utf16le')))
        .map((text) => `${text} in ${entry.name}`);
    });
}
