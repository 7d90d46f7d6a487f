import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { decideCreateProject } from '../domain/directory/project.decider.js';
import { type ProjectId, streamIdOf } from '../domain/identifiers.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';

/** What creating a project came to. */
export interface CreateProjectOutcome {
  readonly kind: 'created' | 'already_exists';
}

/** Create a project (tenant). */
export class CreateProject extends Command<CreateProjectOutcome> {
  constructor(
    readonly project: ProjectId,
    readonly attribution: Attribution,
  ) {
    super();
  }
}

/** Creates a project once. */
@CommandHandler(CreateProject)
export class CreateProjectHandler implements ICommandHandler<CreateProject> {
  constructor(private readonly ledger: Ledger) {}

  /** Creates the project. */
  async execute({ project, attribution }: CreateProject): Promise<CreateProjectOutcome> {
    return this.ledger.execute<'project', CreateProjectOutcome>({
      kind: 'project',
      streamId: streamIdOf('project', project),
      project,
      attribution,
      decide: ({ state }) => decideCreateProject(state, project),
    });
  }
}
