import { CommandRefused } from './failure.js';

const ARTICLES = { family: 'a', incident: 'an', revocation: 'a' } as const;

/** Refuses what cannot be the id of a token family, an incident or a revocation. */
export function requireId(kind: keyof typeof ARTICLES, text: string): void {
  if (!/^[0-9a-f]{32}$/.test(text)) {
    throw new CommandRefused(`${ARTICLES[kind]} ${kind} id has 32 digits from 0-9 a-f`);
  }
}
