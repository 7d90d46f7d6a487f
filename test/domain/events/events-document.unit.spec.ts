import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { ZodObject } from 'zod';
import { eventCatalogue } from '../../../src/domain/events/event-catalogue.js';
import { byFields } from '../../../src/domain/events/field-schemas.js';
import { eventsDocument } from '../../../src/domain/events/events-document.js';
import { goldenBodies } from '../../support/domain-golden-events.js';

const types = [...new Set(Object.values(eventCatalogue).flatMap((events) => Object.keys(events)))];

describe('docs/EVENTS.md', () => {
  const document = eventsDocument(goldenBodies);

  it('is up to date: `npm run docs:events` writes it', () => {
    const file = path.resolve(import.meta.dirname, '../../../docs/EVENTS.md');
    expect(readFileSync(file, 'utf8')).toBe(document);
  });

  it('has one section for every event, and one link to every section that it names', () => {
    const headings = [...document.matchAll(/^### (?<name>.+)$/gm)].map(
      ({ groups }) => groups!['name']!,
    );
    expect(headings).toEqual([...new Set(headings)]);
    expect(headings).toEqual(expect.arrayContaining(types));
    const anchors = [...document.matchAll(/\]\(#(?<anchor>[a-z]+)\)/g)].map(
      ({ groups }) => groups!['anchor'],
    );
    const known = new Set(headings.map((heading) => heading.toLowerCase()));
    expect(anchors.filter((anchor) => !known.has(anchor!))).toEqual([]);
  });

  it('shows the frozen body of every event', () => {
    const examples = [...document.matchAll(/```json\n(?<json>.+?)\n```/gs)].map(
      ({ groups }) => JSON.parse(groups!['json']!) as { type: string },
    );
    expect(examples).toHaveLength(types.length);
    for (const example of examples) {
      expect(example).toEqual(JSON.parse(goldenBodies[example.type]!));
    }
  });

  it('says every member of every event, those of By by a link', () => {
    const shortened = Object.keys(byFields);
    for (const [type, schema] of Object.values(eventCatalogue).flatMap(Object.entries<ZodObject>)) {
      const section = document.split(`### ${type}\n`)[1]!.split('```json')[0]!;
      const said = [...section.matchAll(/^\| `(?<name>[a-zA-Z]+)`/gm)].map(
        ({ groups }) => groups!['name']!,
      );
      const members = section.includes('[By](#by)') ? [...shortened, ...said] : said;
      expect([type, ...members.toSorted()]).toEqual([
        type,
        ...Object.keys(schema.shape).toSorted(),
      ]);
    }
  });

  it('cannot be written while an event has no example', () => {
    const { GrantIssued: _, ...others } = goldenBodies;
    expect(() => eventsDocument(others)).toThrow('there is no example of GrantIssued');
  });
});
