import type { StreamId } from '../domain/identifiers.js';

const STREAM = /^before:(incident:[0-9a-f]{32})$/;

/** An opaque text that leads to what is older than this incident. */
export function cursorBefore(incident: StreamId): string {
  return textOf(`before:${incident}`);
}

/** The incident that such a text means; undefined for one that we did not make. Attacker-controlled. */
export function incidentOfCursor(cursor: string): StreamId | undefined {
  return STREAM.exec(plainOf(cursor))?.[1] as StreamId | undefined;
}

/** A text as it can stand in a URL. */
export function textOf(plain: string): string {
  return Buffer.from(plain).toString('base64url');
}

/** The text that such a one stands for; empty for one that we did not make. Attacker-controlled. */
export function plainOf(cursor: string): string {
  const plain = Buffer.from(cursor, 'base64url').toString('latin1');
  return textOf(plain) === cursor ? plain : '';
}
