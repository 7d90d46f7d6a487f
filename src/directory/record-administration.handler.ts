import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { AskedBacktest } from '../domain/events/directory.events.js';
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
    /** What was asked for, where it was a backtest. */
    readonly backtest?: AskedBacktest,
  ) {
    super();
  }
}

/** The record of a backtest; one of the command line has no id. */
export function recordOfBacktest(
  id: string | undefined,
  asked: AskedBacktest,
  attribution: Attribution,
): RecordAdministration {
  const action = 'replay.backtest';
  return new RecordAdministration(action, id, attribution, DEFAULT_PROJECT, asked);
}

/** Appends the call to the project's administration stream. */
@CommandHandler(RecordAdministration)
export class RecordAdministrationHandler implements ICommandHandler<RecordAdministration> {
  constructor(private readonly ledger: Ledger) {}

  /** Records the call. */
  async execute(command: RecordAdministration): Promise<void> {
    const { action, target, attribution, project, backtest } = command;
    return this.ledger.execute<'administration', undefined>({
      kind: 'administration',
      streamId: streamIdOf('administration', project),
      project,
      attribution,
      decide: () => ({
        events: [{ type: 'AdministrationRecorded', data: { action, target, backtest } }],
        outcome: undefined,
      }),
    });
  }
}
