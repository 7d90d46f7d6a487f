import type { Command } from 'commander';
import { countText } from './terminal.js';
import { count } from './verb.js';

/** Which part of a long list a verb shows, newest first. */
export interface ListOptions {
  readonly limit: number;
  readonly before?: string;
  readonly search: number;
}

const ITEMS_SHOWN = 50;
const ITEMS_SEARCHED = 100_000;

/** Lets a verb take the part of a list that it shows; `item` is the word for one of them. */
export function withListOptions(command: Command, item: string): Command {
  return command
    .option('--limit <n>', 'show at most so many', count, ITEMS_SHOWN)
    .option('--before <id>', `only what is older than this ${item}`)
    .option('--search <n>', 'look through at most so many', count, ITEMS_SEARCHED);
}

/** The line below a list: how many there are, and where the search goes on if it stopped. */
export function listEndText(
  { limit, search }: ListOptions,
  found: { readonly count: number; readonly next: string | null },
  [one, several]: readonly [one: string, several: string],
): string {
  const counted = countText(found.count, one, several);
  if (found.next === null) return counted;
  const why =
    found.count === limit
      ? 'there may be more'
      : `${search.toLocaleString('en-US')} were looked through`;
  return `${counted}; ${why}: --before ${found.next} goes on`;
}
