import type { Position, StreamId } from '../domain/identifiers.js';

const POSITION = /^after:(0|[1-9]\d{0,14})$/;
const STREAM = /^before:(incident:[0-9a-f]{32})$/;

/** Opaque texts that say where the next page of a family's events begins. */
export const positionCursor = {
  /** A cursor to what follows this position. */
  encode: (after: Position): string => textOf(`after:${after}`),
  /** The position; undefined for a text that we did not make. Attacker-controlled. */
  decode(cursor: string): Position | undefined {
    const position = POSITION.exec(plainOf(cursor))?.[1];
    return position === undefined ? undefined : Number(position);
  },
};

/** Opaque texts that say where the next page of incidents begins. */
export const incidentCursor = {
  /** A cursor to what is older than this incident. */
  encode: (before: StreamId): string => textOf(`before:${before}`),
  /** The incident's stream; undefined for a text that we did not make. Attacker-controlled. */
  decode: (cursor: string): StreamId | undefined =>
    STREAM.exec(plainOf(cursor))?.[1] as StreamId | undefined,
};

function textOf(plain: string): string {
  return Buffer.from(plain).toString('base64url');
}

function plainOf(cursor: string): string {
  const plain = Buffer.from(cursor, 'base64url').toString('latin1');
  return textOf(plain) === cursor ? plain : '';
}
