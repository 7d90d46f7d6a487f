import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Instant } from '../domain/identifiers.js';
import { SealedTokens } from '../tokens/sealed-token.js';

const PURPOSE = 'interaction';
const LIFETIME = 600_000;

const interaction = z.object({
  /** The authorization request as it came. */
  parameters: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  startedAt: z.int(),
  /** The session that the person signed in to for this request. */
  signedInSessionId: z.string().optional(),
  /** What the person decided on the consent page of this request, and in which session. */
  consent: z
    .union([z.object({ sessionId: z.string(), consentId: z.string() }), z.literal('denied')])
    .optional(),
});

/** An authorization request on its way through sign-in and consent. */
export type Interaction = Readonly<z.infer<typeof interaction>>;

/** Carries authorization requests through the browser, sealed: nothing of them is kept here. */
@Injectable()
export class InteractionTokens {
  constructor(private readonly sealed: SealedTokens) {}

  /** Seals a request for ten minutes from its start. Throws a RangeError when it is too long. */
  seal(request: Interaction): string {
    return this.sealed.seal(PURPOSE, withoutUndefined(request), request.startedAt + LIFETIME);
  }

  /** The request, if we sealed it less than ten minutes ago; undefined for anything else. */
  unseal(text: string, now: Instant): Interaction | undefined {
    return interaction.safeParse(this.sealed.unseal(PURPOSE, text, now)).data;
  }
}

function withoutUndefined({ parameters, startedAt, signedInSessionId, consent }: Interaction) {
  return {
    parameters,
    startedAt,
    ...(signedInSessionId === undefined ? {} : { signedInSessionId }),
    ...(consent === undefined ? {} : { consent }),
  };
}
