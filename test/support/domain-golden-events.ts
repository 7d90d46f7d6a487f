import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const folder = path.resolve(import.meta.dirname, '../domain/events/golden');

/** The frozen canonical body of every event, by type. */
export const goldenBodies: Readonly<Record<string, string>> = Object.fromEntries(
  readdirSync(folder).map((file) => [
    file.replace(/\.json$/, ''),
    readFileSync(path.join(folder, file), 'utf8'),
  ]),
);
