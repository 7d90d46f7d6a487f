import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { investigation } from '../../src/audit/investigation.answer.js';
import { causeWords, statementWords } from '../../src/replay/bundle/report.words.js';
import {
  EVENT_OUTCOMES,
  type EventOutcome,
  typesOfOutcome,
} from '../../src/views/event-outcomes.js';

const PAGE = readFileSync(resolve(import.meta.dirname, '../../docs/INVESTIGATE.md'), 'utf8');

/** The cells of the rows of the table whose first column has this head. */
function rowsOf(head: string): string[][] {
  const [, table = ''] =
    new RegExp(`\\n\\| ${head} .*\\n\\| -.*\\n((?:\\|.*\\n)+)`).exec(PAGE) ?? [];
  return table
    .trimEnd()
    .split('\n')
    .map((row) => row.slice(1, -1).split('|'))
    .map((cells) => cells.map((cell) => cell.trim()));
}

/** What each name of a table means. */
function meanings(head: string): Record<string, string> {
  const rows = rowsOf(head).map(([name = '', meaning = '']) => [name.replaceAll('`', ''), meaning]);
  return Object.fromEntries(rows) as Record<string, string>;
}

describe('the page about investigations', () => {
  it('has every cause, in the words of the report, and what to do about it', () => {
    expect(meanings('cause')).toEqual(causeWords);
    expect(Object.keys(causeWords).toSorted()).toEqual(
      investigation.shape.cause.options.toSorted(),
    );
    expect(rowsOf('cause').filter(([, , remedy = '']) => remedy === '')).toEqual([]);
  });

  it('has every statement of the evidence, in the words of the report', () => {
    expect(meanings('statement')).toEqual(statementWords);
  });

  it('has every outcome, with the events that come to it', () => {
    const outcomes = [...new Set<EventOutcome>(Object.values(EVENT_OUTCOMES))];
    const expected = outcomes.map((outcome) => {
      const types = typesOfOutcome(outcome).map((type) => `\`${type}\``);
      return [outcome, types.join(', ')];
    });
    expect(meanings('outcome')).toEqual(Object.fromEntries(expected));
  });
});
