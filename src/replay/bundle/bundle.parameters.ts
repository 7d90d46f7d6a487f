import { z } from 'zod';

const id = z
  .string('must be given once')
  .regex(/^[0-9a-f]{32}$/, 'must be 32 lower-case hexadecimal digits');

/** The parameters of a bundle: what it is about, by exactly one of them. */
export const bundleParameters = z.strictObject(
  {
    incident: id.optional().meta({ description: 'An incident, with its family.' }),
    family: id.optional().meta({ description: 'A token family, with its incidents.' }),
    subject: z
      .string('must be given once')
      .regex(/^[\w-]{1,128}$/, 'must be a subject')
      .optional()
      .meta({
        description: 'All of one person: account, sessions, consents, families, incidents.',
      }),
  },
  { error: ({ code }) => (code === 'unrecognized_keys' ? 'is not a parameter here' : undefined) },
);
/** The parameters of a bundle. */
export type BundleParameters = z.infer<typeof bundleParameters>;
