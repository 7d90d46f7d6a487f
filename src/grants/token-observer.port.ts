import type { TokenOutcome } from './token-answer.js';

/** Is told what became of each request for tokens: for metrics. Must not throw. */
export abstract class TokenObserver {
  /** `grant` is the grant type as it was recognized. */
  abstract observed(grant: string, outcome: TokenOutcome): void;
}
