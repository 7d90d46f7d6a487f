/**
 * Writes docs/EVENTS.md from the built event catalogue and the frozen example of each event.
 *
 * It needs a build that is up to date: `npm run docs:events` makes one first.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventsDocument } from '../dist/domain/events/events-document.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const goldenFolder = path.join(root, 'test', 'domain', 'events', 'golden');
const target = path.join(root, 'docs', 'EVENTS.md');

const examples = Object.fromEntries(
  readdirSync(goldenFolder).map((file) => [
    path.basename(file, '.json'),
    readFileSync(path.join(goldenFolder, file), 'utf8'),
  ]),
);
mkdirSync(path.dirname(target), { recursive: true });
writeFileSync(target, eventsDocument(examples));
