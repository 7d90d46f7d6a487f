import type { Subject } from '../domain/identifiers.js';

/**
 * What operators wrote about incidents, named by ids that verdicts carry. It may say anything about
 * anybody, and is erased with the person that the incident is about. A note is never changed.
 *
 * Errors: `VaultError` with one clear line when the store fails or a note does not unwrap.
 */
export abstract class VerdictNotes {
  /** Keeps a note, wrapped; undefined: the incident is about nobody that is known. */
  abstract putNote(noteId: string, subject: Subject | undefined, text: string): Promise<void>;
  /** The note of that name; undefined when unknown or erased. */
  abstract note(noteId: string): Promise<string | undefined>;
  /** Erases one note, which no event names. */
  abstract eraseNote(noteId: string): Promise<void>;
}
