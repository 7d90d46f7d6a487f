import { z } from 'zod';
import { identifier } from '../../domain/events/field-schemas.js';

/** What the machine part says it is; another number for another form, report or rules behind it. */
export const BUNDLE_FORMAT = 'token-ledger-bundle/2';

/**
 * A bundle holds at most so many events: any family that lives by the default policy, which allows a
 * refresh every ten minutes for 180 days. All of them are in memory where it is drawn and verified.
 */
export const BUNDLE_EVENTS_MAX = 27_000;

/** An Ed25519 key, named, as C2SP signed-note writes it; and any note or line of one. */
const NOTE_CHARACTERS_MAX = 16_384;

/** What a bundle can be asked for by. */
export const SELECTION_KINDS = ['family', 'incident', 'subject'] as const;

const position = z.int().nonnegative();
const hash = z.base64().length(44);

const bundledEvent = z.strictObject({
  position,
  /** Canonical JSON: the bytes that the Merkle tree is over. */
  body: z.string().max(65_535),
  /** null where the event has none, and where it was erased. */
  origin: z
    .strictObject({
      salt: z.string().length(43),
      address: z.string(),
      userAgent: z.string(),
      requestId: z.string(),
    })
    .nullable(),
  /** From the leaf to the root, base64 (RFC 9162, 2.1.3). */
  proof: z.array(hash).max(64),
});

/**
 * The machine part of a bundle. All but `exported` follows from what was asked and from the
 * checkpoint. Strict: nothing in a bundle is without a meaning.
 */
export const bundleEvidence = z.strictObject({
  format: z.literal(BUNDLE_FORMAT),
  asked: z.strictObject({ kind: z.enum(SELECTION_KINDS), id: identifier }),
  exported: z.strictObject({
    at: z.iso.datetime({ precision: 3 }),
    by: identifier,
    /** Of what was asked for, but younger than the checkpoint: not in here. */
    newer: z.array(position).max(BUNDLE_EVENTS_MAX),
  }),
  checkpoint: z.strictObject({
    note: z.string().max(NOTE_CHARACTERS_MAX),
    /** For information: whoever can forge a bundle can forge this too. */
    verifierKey: z.string().max(NOTE_CHARACTERS_MAX),
  }),
  /** In order of position. */
  events: z.array(bundledEvent).min(1).max(BUNDLE_EVENTS_MAX),
});

/** The machine part of a bundle. */
export type BundleEvidence = z.infer<typeof bundleEvidence>;
/** An event with all that it is proved with. */
export type BundledEvent = BundleEvidence['events'][number];
/** What a bundle is asked for: everything of one family, of one incident, or of one person. */
export type Selection = BundleEvidence['asked'];
