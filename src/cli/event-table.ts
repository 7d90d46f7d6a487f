import type { AuditEvent } from '../audit/audit-event.answer.js';
import { DirectoryReader } from '../directory/directory.reader.js';
import type { EventOf } from '../domain/events/event-catalogue.js';
import type { Subject } from '../domain/identifiers.js';
import { familyEventText } from '../domain/investigation/family-event.words.js';
import type { Operator } from './operator.js';
import { tableText, timeText } from './terminal.js';

/** Events of a token family as people read them: what happened, by whom, from where. */
export async function familyEventTable(
  operator: Operator,
  events: readonly AuditEvent[],
): Promise<string> {
  const names = await actorNames(operator, events);
  const rows = events.map((event) => [
    String(event.position),
    timeText(Date.parse(event.at)),
    `${event.type}\n${familyEventText(event as unknown as EventOf<'family'>)}`,
    whoText(event, names),
    fromText(event),
  ]);
  return tableText(['Position', 'When', 'Event', 'Who', 'From'], rows);
}

async function actorNames(
  operator: Operator,
  events: readonly AuditEvent[],
): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (const actor of new Set(events.map(actorOf))) {
    names.set(actor, (await nameOf(operator, actor)) ?? actor);
  }
  return names;
}

/** The name of an actor such as `client:<id>`, where there is one. */
async function nameOf(operator: Operator, actor: string): Promise<string | undefined> {
  const [kind, id = ''] = actor.split(':');
  if (kind === 'client') return (await operator.get(DirectoryReader).client(id))?.metadata.name;
  if (kind === 'account') return (await operator.vault.profile(id as Subject))?.username;
  return undefined;
}

/** Who did it: what the service does upon a request is its own doing, and not that of who asked. */
function actorOf({ actor, data }: AuditEvent): string {
  return typeof data['actor'] === 'string' ? data['actor'] : actor;
}

function whoText(event: AuditEvent, names: ReadonlyMap<string, string>): string {
  const { who } = event;
  const actor = actorOf(event);
  const name = names.get(actor) ?? actor;
  const isClient = actor.startsWith('client:') && who !== null;
  const isUnproven = isClient && who.method !== 'none' && !who.authenticated;
  return isUnproven ? `${name}\n(not authenticated)` : name;
}

function fromText({ origin, erased }: AuditEvent): string {
  if (origin === null) return erased ? '(erased)' : '';
  return [origin.address, origin.userAgent].filter((line) => line !== '').join('\n');
}
