declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A token family: 128 bits, time-ordered, as 32 lower-case hexadecimal digits. */
export type FamilyId = Branded<'FamilyId'>;
/** A client, as it stands in `client_id`. */
export type ClientId = Branded<'ClientId'>;
/** An account's random subject, as it stands in `sub`. Never derived from personal data. */
export type Subject = Branded<'Subject'>;
/** A tenant. There is one, `default`; every key and query carries it. */
export type ProjectId = Branded<'ProjectId'>;
/** A stream: `<kind>:<id>`, the events of one aggregate. */
export type StreamId = Branded<'StreamId'>;
/** Milliseconds since 1970-01-01T00:00:00Z, an integer. */
export type Instant = number;
/** A place in a log: from 0, without gaps. */
export type Position = number;

/** The one project that exists until others can be made. */
export const DEFAULT_PROJECT = 'default' as ProjectId;

/** What a stream can be about. */
export type StreamKind =
  | 'account'
  | 'administration'
  | 'client'
  | 'client_token'
  | 'consent'
  | 'family'
  | 'incident'
  | 'log'
  | 'project'
  | 'revocation'
  | 'session'
  | 'signing_key';

/** The stream of `id`, for example `family:0192…`. */
export function streamIdOf(kind: StreamKind, id: string): StreamId {
  return `${kind}:${id}` as StreamId;
}
