import type { RecordedEvent } from '../../domain/envelope.js';
import type { EventOf } from '../../domain/events/event-catalogue.js';
import { familyEventText } from '../../domain/investigation/family-event.words.js';
import type { IncidentCause } from '../../domain/investigation/incident-cause.rules.js';
import type { EvidenceStatement } from '../../domain/investigation/incident-evidence.rules.js';
import type { Selection } from './bundle.evidence.js';

/** What a bundle is about. */
export const selectionWords: Readonly<Record<Selection['kind'], string>> = {
  family: 'Token family',
  incident: 'Incident',
  subject: 'Account',
};

/** What an incident most likely comes from, as a sentence. */
export const causeWords: Readonly<Record<IncidentCause, string>> = {
  lost_response: 'A response was lost, and the client tried again too late.',
  concurrent_client: 'One client used the same token several times at once.',
  stale_process: 'One client went on with an old token, as a copy or a second process would.',
  fork: 'Two went on from the same token; they differ in part.',
  likely_theft: 'Two different parties used the same token: it was probably stolen.',
  foreign_client: 'A client presented a token that was granted to another one.',
  wrong_client_secret: 'The token was genuine, but its client could not prove who it is.',
  suspected_shadow: 'Another party keeps presenting tokens shortly after the client did.',
  code_replayed: 'An authorization code was redeemed a second time.',
  ledger_rollback: 'A token came that this ledger does not know: an old copy was restored.',
  unclear: 'The evidence does not say.',
};

/** What is stated of an incident, as a sentence. */
export const statementWords: Readonly<Record<EvidenceStatement, string>> = {
  presentation_missing: 'What was presented is not among these events.',
  successor_unused: 'The successor of the presented token had not been used.',
  successor_used: 'The successor of the presented token had been used already.',
  inside_window: 'It came inside the retry window.',
  just_beyond_window: 'It came after the retry window, by no more than its length.',
  beyond_window: 'It came after the retry window, within two minutes of its end.',
  long_after_window: 'It came more than two minutes after the end of the retry window.',
  presented_together: 'The same token was presented several times at once.',
  code_redeemed_before: 'The code had been redeemed already.',
  other_client: 'The client is not the one that the grant was given to.',
  client_not_authenticated: 'The client did not prove who it is.',
  shadowed_generations: 'Retries of recent tokens came from another party.',
  family_unknown: 'The ledger does not know the family.',
  ahead_of_ledger: 'The token is newer than anything the ledger issued.',
  other_epoch: 'The token was made before the ledger was restored.',
  same_sender_key: 'Both sides proved the same key.',
  other_sender_key: 'The two sides do not have the same key.',
  same_network_and_agent: 'Both sides have the same network and user agent.',
  other_network: 'The two sides are in different networks.',
  other_agent: 'The two sides have different user agents.',
  other_network_and_agent: 'The two sides have different networks and user agents.',
  origin_erased: 'Where the requests came from was erased.',
  origin_unknown: 'Where the requests came from is not known.',
  holder_continued: 'The holder went on after the two sides parted.',
  presenter_before_fork: 'The presenter had been there before the two sides parted.',
  presenter_served_since_fork: 'The presenter was also served after the two sides parted.',
};

/** What one event says, in a few words; nothing where its type says it all. */
export function eventWords({ streamId, type, data }: RecordedEvent): string {
  if (streamId.startsWith('family:')) {
    return familyEventText({ type, data } as unknown as EventOf<'family'>);
  }
  const { kind, verdict, reason, clientId, scope } = data;
  const told = [kind, verdict, reason, clientId, ...(Array.isArray(scope) ? scope : [])];
  return told.filter((one) => typeof one === 'string').join(' ');
}

/** An instant as people read it, in UTC: `2026-11-21 02:14:07.123Z`. */
export function instantWords(instant: number): string {
  return new Date(instant).toISOString().replace('T', ' ');
}

/** A span as people read it. */
export function spanWords(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds} ms`;
  if (milliseconds < 120_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  if (milliseconds < 7_200_000) return `${(milliseconds / 60_000).toFixed(1)} min`;
  const hours = milliseconds / 3_600_000;
  return hours < 48 ? `${hours.toFixed(1)} h` : `${(hours / 24).toFixed(1)} days`;
}
