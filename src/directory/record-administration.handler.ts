import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { DEFAULT_PROJECT, type ProjectId, streamIdOf } from '../domain/identifiers.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';

/** Record an administrative call that was carried out, with the correlation id of its own events. */
export class RecordAdministration extends Command<void> {
  constructor(
    /** What was done, such as `client.create`. */
    readonly action: string,
    /** The id of what it was done to, if it was done to one thing. */
    readonly target: string | undefined,
    readonly attribution: Attribution,
    readonly project: ProjectId = DEFAULT_PROJECT,
  ) {
    super();
  }
}

/** Appends the call to the project's administration stream. */
@CommandHandler(RecordAdministration)
export class RecordAdministrationHandler implements ICommandHandler<RecordAdministration> {
  constructor(private readonly ledger: Ledger) {}

  /** Records the call. */
  async execute({ action, target, attribution, project }: RecordAdministration): Promise<void> {
    return this.ledger.execute<'administration', undefined>({
      kind: 'administration',
      streamId: streamIdOf('administration', project),
      project,
      attribution,
      decide: () => ({
        events: [{ type: 'AdministrationRecorded', data: { action, target } }],
        outcome: undefined,
      }),
    });
  }
}
