import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { newUuid } from '../config/random-identifiers.js';
import { decideGiveVerdict, type VerdictOutcome } from '../domain/directory/incident.decider.js';
import { DEFAULT_PROJECT, streamIdOf, type Subject } from '../domain/identifiers.js';
import { Ledger, type LoadedStream } from '../ledger/ledger.port.js';
import { VerdictNotes } from '../vault/verdict-notes.port.js';
import { GiveVerdict } from './give-verdict.command.js';

/** Writes down what an operator judged an incident to be. */
@CommandHandler(GiveVerdict)
export class GiveVerdictHandler implements ICommandHandler<GiveVerdict> {
  constructor(
    private readonly ledger: Ledger,
    private readonly notes: VerdictNotes,
  ) {}

  async execute(command: GiveVerdict): Promise<VerdictOutcome> {
    const { incidentId, note } = command;
    if (note === undefined) return this.judge(command);
    const incident = await this.ledger.load('incident', incidentId);
    if (incident === undefined) return 'no_such_incident';
    const noteId = newUuid();
    await this.notes.putNote(noteId, incident.subject as Subject | undefined, note);
    const outcome = await this.judge(command, noteId);
    if (outcome !== 'given') await this.notes.eraseNote(noteId);
    return outcome;
  }

  private judge(
    { incidentId, verdict, attribution }: GiveVerdict,
    noteId?: string,
  ): Promise<VerdictOutcome> {
    return this.ledger.execute<'incident', VerdictOutcome>({
      kind: 'incident',
      streamId: streamIdOf('incident', incidentId),
      project: DEFAULT_PROJECT,
      attribution,
      decide: (incident) =>
        decideGiveVerdict(incident.state, { verdict, noteId }, isSubjectErased(incident)),
    });
  }
}

/** Decided together with the verdict: from an erasure's commit on, nothing is written about anybody. */
function isSubjectErased(incident: LoadedStream<'incident'>): boolean {
  const subject = incident.state?.subject;
  return subject !== undefined && incident.find('account', subject)?.status === 'erased';
}
