import { Controller, Get, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOperation, ApiResponse } from '../access/api-description.js';
import type { z } from 'zod';
import { ApiProblem, Unstored } from '../access/operator-door.decorator.js';
import { Problem } from '../access/problem-details.js';
import { parameterProblem } from '../access/wrong-parameter.js';
import { type ReplayedDifference, replayedDifference } from './difference.answer.js';
import { ReplayDifference } from './replay-difference.query.js';
import { ReplayDoor } from './replay-door.decorator.js';
import { ReplayState } from './replay-state.query.js';
import { differenceParameters, stateParameters } from './replay.parameters.js';
import { NO_MOMENT, noMoment } from './replay.problems.js';
import { type ReplayedState, replayedState } from './state.answer.js';

const NO_STREAM = 'The ledger has no such stream.';

/** What streams were, from their events alone. */
@ReplayDoor()
@Controller('replay')
export class StatesController {
  constructor(private readonly queries: QueryBus) {}

  /** What a stream was at a moment. */
  @Get('state')
  @Unstored()
  @ApiOperation({
    summary: 'What a stream was at a moment',
    description:
      'Folded anew from the events of the stream up to that moment: of a token family, an account, ' +
      'a client, or any other. Nothing is changed by it.',
  })
  @ApiResponse({ status: 200, description: 'Its state.', standardSchema: replayedState })
  @ApiProblem(400, 'Bad Request', 'at must be an RFC 3339 time or a position', 'at')
  @ApiProblem(404, 'Not Found', NO_STREAM)
  async state(
    @Query({ schema: stateParameters }) { stream, at }: z.infer<typeof stateParameters>,
  ): Promise<ReplayedState> {
    const answer = await this.queries.execute(new ReplayState(stream, at));
    if (answer === undefined) throw noStream();
    if ('kind' in answer) throw parameterProblem('at', NO_MOMENT[answer.reason]);
    return answer;
  }

  /** How a stream changed between two moments. */
  @Get('difference')
  @Unstored()
  @ApiOperation({
    summary: 'How a stream changed between two moments',
    description:
      'What differs in all, with the event that caused it, and what each event changed. Lists are ' +
      'told as a whole.',
  })
  @ApiResponse({ status: 200, description: 'It.', standardSchema: replayedDifference })
  @ApiProblem(400, 'Bad Request', 'from must not be later than to', 'from')
  @ApiProblem(404, 'Not Found', NO_STREAM)
  async difference(
    @Query({ schema: differenceParameters })
    { stream, from, to }: z.infer<typeof differenceParameters>,
  ): Promise<ReplayedDifference> {
    const answer = await this.queries.execute(new ReplayDifference(stream, from, to));
    if (answer === undefined) throw noStream();
    if ('kind' in answer) throw noMoment(answer);
    return answer;
  }
}

function noStream(): Problem {
  return new Problem({ status: 404, title: 'Not Found', detail: NO_STREAM });
}
