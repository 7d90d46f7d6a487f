import type { RecordedEvent } from '../domain/envelope.js';
import { timeTextOf } from './replayed-moment.answer.js';

/** An event by its place, its type and its time. */
export function eventMarkOf({ position, type, recordedAt }: RecordedEvent) {
  return { position, type, at: timeTextOf(recordedAt) };
}
