import type { Origin } from '../domain/envelope.js';
import type { Instant } from '../domain/identifiers.js';

/** When a request arrived, from where, and the id that ties together all it caused. */
export interface RequestContext {
  readonly receivedAt: Instant;
  readonly correlationId: string;
  readonly origin: Origin | undefined;
}
